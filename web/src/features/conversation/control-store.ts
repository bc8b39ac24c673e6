/** Control commands on their way, per conversation. */

import { create } from "zustand";
import { CommandError } from "@/shared/socket";
import type { ConsoleSession } from "../live/console-session";
import { type ControlEvent, type ControlState, IDLE, type Pending, reduceControl } from "./control";
import { explained } from "./explained";

type ControlStore = { byConversation: Readonly<Record<string, ControlState>> };

export const useControlStore = create<ControlStore>(() => ({ byConversation: {} }));

let lastAttempt = 0;

function dispatch(conversation: string, event: ControlEvent): void {
  useControlStore.setState(({ byConversation }) => ({
    byConversation: {
      ...byConversation,
      [conversation]: reduceControl(byConversation[conversation] ?? IDLE, event),
    },
  }));
}

/** Show a command as done; its answer is awaited under the attempt's number. */
function begin(
  session: ConsoleSession,
  conversation: string,
  kind: Pending["kind"],
  to: Pending["to"],
): number {
  lastAttempt += 1;
  const baseEpoch = session.client.store.current().conversations[conversation]?.epoch ?? 0;
  dispatch(conversation, { type: "requested", pending: { attempt: lastAttempt, kind, to, baseEpoch } });
  return lastAttempt;
}

function refuse(conversation: string, attempt: number, error: unknown): void {
  dispatch(conversation, { type: "refused", attempt, reason: explained(error).message });
}

export async function takeOver(session: ConsoleSession, conversation: string): Promise<void> {
  const attempt = begin(session, conversation, "take", "bot");
  try {
    const { epoch } = await session.client.request<"control.take">({ type: "control.take", conversation });
    dispatch(conversation, { type: "accepted", attempt, epoch });
  } catch (error) {
    refuse(conversation, attempt, error);
  }
}

export async function handBack(
  session: ConsoleSession,
  conversation: string,
  to: "bot" | "queue",
): Promise<void> {
  const attempt = begin(session, conversation, "release", to);
  try {
    const { epoch } = await session.client.request<"control.release">({
      type: "control.release",
      conversation,
      to,
    });
    dispatch(conversation, { type: "accepted", attempt, epoch });
  } catch (error) {
    refuse(conversation, attempt, error);
  }
}

/** A reply is being sent while the assistant or nobody is in control: it takes control first. */
export function showTakenBySending(session: ConsoleSession, conversation: string, clientId: string): void {
  const attempt = begin(session, conversation, "take", "bot");
  const stop = session.replies.messages.subscribe((messages) => {
    const message = messages.find((candidate) => candidate.clientId === clientId);
    if (message?.state === "queued" || message?.state === "sending") return;
    stop();
    if (message?.state !== "failed") return;
    dispatch(conversation, { type: "refused", attempt, reason: message.error ?? explained(null).message });
  });
}

export function dismissRefusal(conversation: string): void {
  dispatch(conversation, { type: "dismissed" });
}

/** Close or reopen; raises CommandError in words for the agent. */
export async function setClosed(
  session: ConsoleSession,
  conversation: string,
  closed: boolean,
): Promise<void> {
  const seq = session.client.store.current().conversations[conversation]?.seq;
  if (seq === undefined) throw explained(new CommandError("not_found", ""));
  try {
    const type = closed ? "conversation.close" : "conversation.reopen";
    await session.client.request({ type, conversation, seq });
  } catch (error) {
    throw explained(error);
  }
}
