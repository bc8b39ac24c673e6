/** The console's one line to the server: the session of the shared core, an outbox for replies and one for notes. */

import { createContext, useContext } from "react";
import { Outbox, type OutgoingMessage } from "@/shared/outbox";
import { SessionClient } from "@/shared/session/client";
import type { ConversationState } from "@/shared/session/state";
import { CommandError } from "@/shared/socket";
import type { StaffUser } from "../auth/session";
import { explained } from "../conversation/explained";
import { takeSuggestionFrame } from "../conversation/suggestion-store";

export type ConsoleSession = { me: StaffUser; client: SessionClient; replies: Outbox; notes: Outbox };

function socketUrl(): string {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/ws/agent`;
}

function outbox(
  me: StaffUser,
  kind: string,
  deliver: (message: OutgoingMessage) => Promise<unknown>,
): Outbox {
  return new Outbox({
    scope: `assistify.${me.id}.${kind}`,
    // Kept over a reload but not for another day: sending a reply may take control.
    storage: sessionStorage,
    deliver: async (message) => {
      try {
        await deliver(message);
      } catch (error) {
        throw explained(error);
      }
    },
  });
}

function sender(client: SessionClient, type: "message.send" | "note.add") {
  return ({ clientId, conversation, text, attachments }: OutgoingMessage): Promise<unknown> => {
    if (conversation === null) return Promise.reject(new CommandError("not_found", ""));
    const command = { conversation, client_id: clientId, text };
    if (type === "note.add") return client.request({ type, ...command });
    const files = attachments?.map(({ id }) => id) ?? [];
    return client.request({ type, ...command, ...(files.length > 0 && { attachments: files }) });
  };
}

/** The `client_id`s of this console that a conversation's log holds. */
function loggedIds(conversation: ConversationState): Set<string> {
  const ids = new Set<string>();
  for (const { clientId } of Object.values(conversation.messages)) if (clientId !== null) ids.add(clientId);
  for (const item of conversation.timeline) {
    if (item.kind === "note" && item.note.client_id) ids.add(item.note.client_id);
  }
  return ids;
}

/** Drop what the log shows by now, and what was acknowledged in a conversation that is no longer open here. */
function settle(session: ConsoleSession): void {
  const { conversations } = session.client.store.current();
  for (const box of [session.replies, session.notes]) {
    for (const { clientId, conversation, state } of box.messages.getState()) {
      const held = conversation === null ? undefined : conversations[conversation];
      const done = held === undefined ? state === "sent" : loggedIds(held).has(clientId);
      if (done) box.discard(clientId);
    }
  }
}

/** A session that still has to be opened. */
export function createSession(me: StaffUser): ConsoleSession {
  const client = new SessionClient({
    url: socketUrl(),
    hello: () => ({ type: "hello", token: null }),
    onFrame: (frame) => {
      settle(session);
      takeSuggestionFrame(frame);
    },
  });
  const session: ConsoleSession = {
    me,
    client,
    replies: outbox(me, "replies", sender(client, "message.send")),
    notes: outbox(me, "notes", sender(client, "note.add")),
  };
  return session;
}

/** Send what was written while the line was down. */
export function flushOutboxes(session: ConsoleSession): void {
  void session.replies.flush();
  void session.notes.flush();
}

export const SessionContext = createContext<ConsoleSession | null>(null);

/** Raises outside the signed-in part of the console. */
export function useConsole(): ConsoleSession {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("expected a signed-in console around this component, got none");
  return session;
}
