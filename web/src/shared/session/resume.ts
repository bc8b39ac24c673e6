import type { AgentHello, Cursor, LiveSnapshot, Restarted, Resumed } from "@/wire/wire.gen";
import { applyEvent, withReceipt } from "./events";
import { resumedLive } from "./live";
import { type ConversationState, runningReply, type SessionState } from "./state";
import { addItem, endReply, loggedView, putMessage } from "./timeline";

export type ResumeAnswer = Resumed | Restarted;

function empty(id: string): ConversationState {
  return {
    id,
    log: null,
    status: "open",
    controller: "bot",
    holder: null,
    epoch: 0,
    seq: 0,
    assignee: null,
    customer: null,
    channel: null,
    timeline: [],
    messages: {},
    ended: {},
    receipts: {},
    typing: {},
    presence: [],
    csat: null,
    labels: [],
    priority: null,
    snoozeUntil: null,
    draft: null,
    more: false,
    stale: null,
  };
}

/** The fields of a snapshot that are taken as they are. */
function fields(snapshot: LiveSnapshot): Partial<ConversationState> {
  return {
    log: snapshot.log,
    status: snapshot.status,
    controller: snapshot.controller,
    holder: snapshot.controller === "agent" ? (snapshot.holder ?? snapshot.assignee ?? null) : null,
    epoch: snapshot.epoch,
    seq: snapshot.seq,
    assignee: snapshot.assignee ?? null,
    customer: snapshot.customer ?? null,
    channel: snapshot.channel ?? null,
    csat: snapshot.csat ?? null,
    labels: snapshot.labels ?? [],
    priority: snapshot.priority ?? null,
    snoozeUntil: snapshot.snooze_until ?? null,
    draft: snapshot.draft ?? null,
    more: snapshot.more ?? false,
  };
}

/**
 * Start from a snapshot. One of the same log that is older than what is held changes nothing; who is typing
 * and who is there is kept, and which answers ended; the rest is replaced.
 */
export function fromSnapshot(
  known: ConversationState | undefined,
  snapshot: LiveSnapshot,
): ConversationState {
  const sameLog = known?.log === snapshot.log;
  if (known && sameLog && snapshot.seq < known.seq) return { ...known, stale: null };
  let next: ConversationState = {
    ...empty(snapshot.id),
    ...fields(snapshot),
    ended: known && sameLog ? known.ended : {},
    typing: known?.typing ?? {},
    presence: known?.presence ?? [],
  };
  for (const message of snapshot.messages) {
    next = putMessage(next, loggedView(message, message.seq, known?.messages[message.id]));
    next = endReply(next, message.id);
  }
  for (const note of snapshot.notes ?? []) {
    next = addItem(next, { kind: "note", id: note.id, position: note.seq, at: note.at, note });
  }
  for (const receipt of snapshot.receipts ?? []) next = withReceipt(next, receipt);
  const running = known && sameLog ? runningReply(known) : null;
  if (running?.live && running.live.epoch >= next.epoch && !(running.id in next.ended)) {
    next = putMessage(next, running);
  }
  return resumedLive(next, snapshot.live);
}

/** Apply what the server answered to a resume; null when the conversation is not there for this client. */
export function applyResume(
  known: ConversationState | undefined,
  answer: ResumeAnswer,
): ConversationState | null {
  if (!answer.resumed) return answer.snapshot ? fromSnapshot(known, answer.snapshot) : null;
  let next: ConversationState = { ...(known ?? empty(answer.conversation)), stale: null };
  for (const event of answer.events) next = applyEvent(next, event);
  if (next.stale) return { ...next, stale: "snapshot" };
  return resumedLive(next, answer.live);
}

/** Where the notifications go on; nothing for a visitor, and on a first connection, which is told what is unread. */
export function notificationCursor({
  user,
  notifications,
}: Pick<SessionState, "user" | "notifications">): Pick<AgentHello, "notifications"> {
  if (user === null) return {};
  // Ids grow with time: the greatest is that of the newest.
  const after = notifications.reduce<string | null>((last, { id }) => (last && last > id ? last : id), null);
  const unread = notifications.filter(({ read }) => !read).map(({ id }) => id);
  return { notifications: { after, unread } };
}

/** What to ask for, to go on where this conversation stopped. */
export function resumeCursor(conversation: ConversationState): Cursor {
  if (conversation.log === null || conversation.stale === "snapshot") {
    return { conversation: conversation.id, live: null };
  }
  const running = runningReply(conversation);
  return {
    conversation: conversation.id,
    log: conversation.log,
    seq: conversation.seq,
    live: running?.live ? { message: running.id, to: running.live.to } : null,
  };
}
