/** A suggested answer as the composer shows it, from the wish to the whole text (pure). */

import type { ServerFrame, SuggestionDone } from "@/wire/wire.gen";

export type Suggestion =
  | { state: "none" }
  | { state: "asked"; text: string }
  | { state: "ready"; text: string }
  | { state: "refused"; why: string };

export const NO_SUGGESTION: Suggestion = { state: "none" };

const WHY: Record<NonNullable<SuggestionDone["reason"]>, string> = {
  no_question: "There is no question to answer yet.",
  needs_a_person: "The assistant would hand this over too: it needs you.",
  unfounded: "The assistant found no answer that the shop's records support.",
  failed: "The assistant could not write one just now. Try again.",
};

/** How long a wish waits for its first word; the server drops it after the same time. */
export const WAIT_MS = 30_000;

export type SuggestionEvent =
  | { type: "asked" }
  | { type: "refused"; why: string }
  | { type: "dismissed" }
  | Extract<ServerFrame, { type: "suggestion.delta" | "suggestion.done" }>;

/** The next state. Frames of a wish that was dismissed change nothing. */
export function reduceSuggestion(now: Suggestion, event: SuggestionEvent): Suggestion {
  switch (event.type) {
    case "asked":
      return { state: "asked", text: "" };
    case "refused":
      return { state: "refused", why: event.why };
    case "dismissed":
      return NO_SUGGESTION;
    case "suggestion.delta":
      return now.state === "asked" ? { state: "asked", text: now.text + event.text } : now;
    case "suggestion.done":
      if (now.state !== "asked") return now;
      if (event.text !== "") return { state: "ready", text: event.text };
      return { state: "refused", why: WHY[event.reason ?? "failed"] };
  }
}
