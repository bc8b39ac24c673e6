/** Suggested answers per conversation: asked for here, written by the frames of this console's line. */

import { create } from "zustand";
import type { ServerFrame } from "@/wire/wire.gen";
import type { ConsoleSession } from "../live/console-session";
import { explained } from "./explained";
import {
  NO_SUGGESTION,
  reduceSuggestion,
  type Suggestion,
  type SuggestionEvent,
  WAIT_MS,
} from "./suggestion";

type SuggestionStore = { byConversation: Readonly<Record<string, Suggestion>> };

export const useSuggestionStore = create<SuggestionStore>(() => ({ byConversation: {} }));

const waits = new Map<string, ReturnType<typeof setTimeout>>();

function dispatch(conversation: string, event: SuggestionEvent): void {
  useSuggestionStore.setState(({ byConversation }) => ({
    byConversation: {
      ...byConversation,
      [conversation]: reduceSuggestion(byConversation[conversation] ?? NO_SUGGESTION, event),
    },
  }));
}

function settle(conversation: string): void {
  clearTimeout(waits.get(conversation));
  waits.delete(conversation);
}

export function useSuggestion(conversation: string): Suggestion {
  return useSuggestionStore(({ byConversation }) => byConversation[conversation] ?? NO_SUGGESTION);
}

/** Ask for an answer; it grows in the store until it is whole, refused or overdue. */
export async function askForSuggestion(session: ConsoleSession, conversation: string): Promise<void> {
  settle(conversation);
  dispatch(conversation, { type: "asked" });
  const overdue = () => dispatch(conversation, { type: "refused", why: "No answer came. Try again." });
  waits.set(conversation, setTimeout(overdue, WAIT_MS));
  try {
    await session.client.request<"suggest.request">({ type: "suggest.request", conversation });
  } catch (error) {
    settle(conversation);
    dispatch(conversation, { type: "refused", why: explained(error).message });
  }
}

export function dismissSuggestion(conversation: string): void {
  settle(conversation);
  dispatch(conversation, { type: "dismissed" });
}

/** Take what a frame says of suggestions; a new line knows nothing of wishes of the old one. */
export function takeSuggestionFrame(frame: ServerFrame): void {
  if (frame.type === "suggestion.delta" || frame.type === "suggestion.done") {
    if (frame.type === "suggestion.done") settle(frame.conversation);
    dispatch(frame.conversation, frame);
  } else if (frame.type === "welcome") {
    for (const conversation of [...waits.keys()]) {
      settle(conversation);
      dispatch(conversation, { type: "refused", why: "The connection was lost. Try again." });
    }
  }
}
