import { reduce, type SessionInput } from "@/shared/session/reducer";
import { type ConversationState, initialSession, type SessionState } from "@/shared/session/state";
import type { LiveSnapshot } from "@/wire/wire.gen";
import { CONVERSATION, message, snapshot, welcome } from "./frames";

/** A session that follows one conversation, in which the customer has asked something. */
export function started(from: Partial<LiveSnapshot> = {}): SessionState {
  const base = snapshot({ seq: 1, messages: [message(1, "customer", "where is my order?")], ...from });
  return reduce(initialSession, {
    ...welcome("1"),
    conversations: [{ conversation: CONVERSATION, resumed: false, snapshot: base }],
  });
}

export function play(state: SessionState, frames: readonly SessionInput[]): SessionState {
  return frames.reduce(reduce, state);
}

export function conversation(state: SessionState): ConversationState {
  const found = state.conversations[CONVERSATION];
  if (!found) throw new Error("the conversation is not held");
  return found;
}
