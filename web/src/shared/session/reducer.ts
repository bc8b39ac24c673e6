import type {
  AnyAck,
  LiveFrame,
  LoggedEvent,
  Message,
  Notification,
  ServerFrame,
  Summary,
  TypingChanged,
  Welcome,
} from "@/wire/wire.gen";
import { applyEvent } from "./events";
import { replyStarted, replyText } from "./live";
import { applyResume, fromSnapshot, type ResumeAnswer } from "./resume";
import type { ConversationState, Link, SessionState } from "./state";
import { loggedView, putMessage } from "./timeline";

/** What happens on this side of the wire. */
export type LocalAction =
  | { type: "local.link"; link: Link; endCode?: number }
  | { type: "local.forget"; conversation: string }
  | { type: "local.needs_snapshot"; conversation: string }
  | { type: "local.history"; conversation: string; messages: Message[]; more: boolean };

export type SessionInput = ServerFrame | LocalAction;

const NOTIFICATIONS_KEPT = 200;

/** The session after a frame. Frames of types that a newer server added change nothing but the count. */
export function reduce(state: SessionState, input: SessionInput): SessionState {
  switch (input.type) {
    case "welcome":
      return welcome(state, input);
    case "ack":
      return acknowledged(state, input);
    case "local.link":
      return { ...state, link: input.link, endCode: input.endCode ?? null };
    case "local.forget":
      return forget(state, input.conversation);
    case "inbox.changed":
      return withSummaries(state, [input.summary]);
    case "notification":
      return notified(state, input);
    case "error":
    case "ping":
    case "drain":
      return state;
    default:
      return inConversation(state, input);
  }
}

type ConversationInput = Exclude<LoggedEvent | LiveFrame | LocalAction, { type: "local.link" }>;

function inConversation(state: SessionState, input: ConversationInput): SessionState {
  if (!("conversation" in input) || typeof input.conversation !== "string") return state;
  const known = state.conversations[input.conversation];
  if (!known) return state;
  const next = conversationStep(known, input);
  return next === known ? state : withConversation(state, next);
}

function conversationStep(known: ConversationState, input: ConversationInput): ConversationState {
  switch (input.type) {
    case "reply.started":
      return replyStarted(known, input);
    case "reply.delta":
      return replyText(known, input);
    case "typing":
      return typing(known, input);
    case "presence":
      return present(known, input.participants);
    case "resync":
      return { ...known, stale: known.stale ?? "resume" };
    case "local.needs_snapshot":
      return { ...known, stale: "snapshot" };
    case "local.history":
      return history(known, input.messages, input.more);
    default:
      return "seq" in input && typeof input.seq === "number" ? applyEvent(known, input) : known;
  }
}

/** Whoever is gone types no more: their connection may have died without a word. */
function present(known: ConversationState, presence: ConversationState["presence"]): ConversationState {
  const here = new Set(presence.map(({ id }) => id));
  const typing = Object.fromEntries(Object.entries(known.typing).filter(([id]) => here.has(id)));
  return { ...known, presence, typing };
}

function typing(known: ConversationState, frame: TypingChanged): ConversationState {
  const { [frame.participant.id]: _, ...others } = known.typing;
  return { ...known, typing: frame.on ? { ...others, [frame.participant.id]: frame.participant } : others };
}

function history(known: ConversationState, messages: readonly Message[], more: boolean): ConversationState {
  let next: ConversationState = { ...known, more };
  for (const message of messages) {
    if (!(message.id in next.messages)) next = putMessage(next, loggedView(message, message.seq, undefined));
  }
  return next;
}

function withConversation(state: SessionState, conversation: ConversationState): SessionState {
  return { ...state, conversations: { ...state.conversations, [conversation.id]: conversation } };
}

function forget(state: SessionState, id: string): SessionState {
  const { [id]: _, ...conversations } = state.conversations;
  return { ...state, conversations };
}

function resumed(state: SessionState, answer: ResumeAnswer): SessionState {
  const next = applyResume(state.conversations[answer.conversation], answer);
  return next ? withConversation(state, next) : forget(state, answer.conversation);
}

function welcome(state: SessionState, frame: Welcome): SessionState {
  let next: SessionState = {
    ...state,
    link: "open",
    endCode: null,
    connection: frame.connection,
    visitor: frame.visitor ?? null,
    user: frame.user ?? null,
    limits: frame.limits,
    notifications: notificationsAfter(state.notifications, frame.unread),
  };
  const answered = new Set<string>();
  for (const answer of frame.conversations) {
    next = resumed(next, answer);
    answered.add(answer.conversation);
  }
  for (const conversation of Object.values(next.conversations)) {
    // Who was typing belonged to the connection that is gone.
    const stale = answered.has(conversation.id) ? conversation.stale : (conversation.stale ?? "resume");
    next = withConversation(next, { ...conversation, typing: {}, stale });
  }
  return next;
}

/** Those held unread that still are, the welcome names; a server that knows no cursor sends all of them again. */
function notificationsAfter(
  held: readonly Notification[],
  unread: readonly string[] | null | undefined,
): readonly Notification[] {
  if (!unread) return held.filter(({ read }) => read);
  const still = new Set(unread);
  return held.map((one) => (one.read || still.has(one.id) ? one : { ...one, read: true }));
}

/** Only answers that carry a conversation or a page of the inbox change anything; `ack.seq` never does. */
function acknowledged(state: SessionState, frame: AnyAck): SessionState {
  if ("resumed" in frame) return resumed(state, frame);
  if ("conversations" in frame) return withSummaries(state, frame.conversations);
  if (!("conversation" in frame)) return state;
  const known = state.conversations[frame.conversation.id];
  return withConversation(state, fromSnapshot(known, frame.conversation));
}

/** Newer rows replace older ones; which of two is newer, `seq` tells. */
function withSummaries(state: SessionState, rows: readonly Summary[]): SessionState {
  const summaries = { ...state.summaries };
  for (const row of rows) {
    const held = summaries[row.id];
    if (!held || row.seq >= held.seq) summaries[row.id] = row;
  }
  return { ...state, summaries };
}

/** Held once each, the newest first; what is read stays so. */
function notified(state: SessionState, frame: Notification): SessionState {
  const known = state.notifications.find(({ id }) => id === frame.id);
  if (known && (known.read || !frame.read)) return state;
  const others = state.notifications.filter((one) => one !== known);
  const next = [frame, ...others].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return { ...state, notifications: next.slice(0, NOTIFICATIONS_KEPT) };
}
