import type { Live, ReplyDelta, ReplyStarted } from "@/wire/wire.gen";
import type { ConversationState } from "./state";
import { liveView, putMessage } from "./timeline";

function stale(conversation: ConversationState): ConversationState {
  return conversation.stale ? conversation : { ...conversation, stale: "resume" };
}

/** Late frames: the answer ended, is in the log already, or was made under an older controller. */
function isLate(conversation: ConversationState, message: string, epoch: number): boolean {
  if (epoch < conversation.epoch || message in conversation.ended) return true;
  const seq = conversation.messages[message]?.seq;
  return seq !== undefined && seq !== null;
}

function start(conversation: ConversationState, id: string, epoch: number, text: string, to: number) {
  return putMessage(conversation, liveView(id, conversation.seq + 0.5, epoch, text, to));
}

export function replyStarted(conversation: ConversationState, frame: ReplyStarted): ConversationState {
  if (isLate(conversation, frame.message, frame.epoch)) return conversation;
  if (conversation.messages[frame.message]) return conversation;
  return start(conversation, frame.message, frame.epoch, "", 0);
}

/** Join a piece of running text on to what is held; a piece that does not fit asks for a resume. */
export function replyText(conversation: ConversationState, piece: Live | ReplyDelta): ConversationState {
  if (isLate(conversation, piece.message, piece.epoch)) return conversation;
  const known = conversation.messages[piece.message];
  if (!known) {
    if (piece.from !== 0) return stale(conversation);
    return start(conversation, piece.message, piece.epoch, piece.text, piece.to);
  }
  const held = known.live?.to ?? 0;
  const live = { epoch: piece.epoch, to: piece.to };
  if (piece.from === held) {
    return putMessage(conversation, { ...known, text: known.text + piece.text, live, state: "streaming" });
  }
  if (piece.to <= held) return conversation;
  if (piece.from === 0)
    return putMessage(conversation, { ...known, text: piece.text, live, state: "streaming" });
  return stale(conversation);
}

/** Take the running answer of a resume: a text from 0 replaces what is held, also when it is shorter. */
export function resumedLive(conversation: ConversationState, live: Live | null): ConversationState {
  if (live === null) return pauseOthers(conversation, null);
  const paused = pauseOthers(conversation, live.message);
  if (isLate(paused, live.message, live.epoch)) return paused;
  const known = paused.messages[live.message];
  if (known && live.from === 0) {
    const held = { epoch: live.epoch, to: live.to };
    return putMessage(paused, { ...known, text: live.text, live: held, state: "streaming" });
  }
  const joined = replyText(paused, live);
  const running = joined.messages[live.message];
  return running?.state === "paused" ? putMessage(joined, { ...running, state: "streaming" }) : joined;
}

/** The server knows no running answer but this one: the text of others stays, without a caret. */
function pauseOthers(conversation: ConversationState, running: string | null): ConversationState {
  let next = conversation;
  for (const view of Object.values(conversation.messages)) {
    if (view.live && view.id !== running && view.state === "streaming") {
      next = putMessage(next, { ...view, state: "paused" });
    }
  }
  return next;
}
