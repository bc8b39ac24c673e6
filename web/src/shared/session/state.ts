import type {
  Attachment,
  Csat,
  Customer,
  Delivery,
  Limits,
  LiveSnapshot,
  Note,
  Notification,
  Participant,
  PresentParticipant,
  RecommendedProduct,
  Refers,
  ReplyEnd,
  Scored,
  Sender,
  Source,
  Summary,
  UserRef,
  UserSelf,
  VisitorSelf,
} from "@/wire/wire.gen";

export type Controller = LiveSnapshot["controller"];
export type Status = LiveSnapshot["status"];
export type Priority = NonNullable<LiveSnapshot["priority"]>;

/**
 * How far a message is: `streaming` while its text grows, `paused` when the line to the running answer was
 * lost, the rest as it ended.
 */
export type MessageState = "streaming" | "paused" | "done" | "stopped" | "taken_over" | "failed" | "redacted";

/** How a message stands, in three words: still growing, cut off before its own end, or whole. */
export type Progress = "live" | "cut" | "done";

export function progress(state: MessageState): Progress {
  if (state === "streaming" || state === "paused") return "live";
  return state === "stopped" || state === "taken_over" || state === "failed" ? "cut" : "done";
}

export type MessageView = {
  id: string;
  /** Place in the list: the `seq`; of a running answer, half a step after what was the newest event as it began. */
  position: number;
  seq: number | null;
  at: string | null;
  sender: Sender;
  text: string;
  clientId: string | null;
  state: MessageState;
  /** The running answer's epoch and the position its text reaches; null once it ended. */
  live: { epoch: number; to: number } | null;
  reply: ReplyEnd | null;
  attachments: Attachment[];
  products: RecommendedProduct[];
  sources: Source[];
  intent: Scored | null;
  sentiment: Scored | null;
  delivery: Delivery | null;
  refers: Refers | null;
  reaction: string | null;
  failure: string | null;
};

/** A line of the conversation that is no message: who took over, closed, reopened. */
export type SystemLine = {
  kind: "joined" | "handed_back" | "queued" | "closed" | "reopened";
  name: string | null;
};

export type TimelineItem =
  | { kind: "message"; id: string; position: number }
  | { kind: "note"; id: string; position: number; at: string; note: Note }
  | { kind: "line"; id: string; position: number; at: string; line: SystemLine };

/** How far a participant received and read, as seq. */
export type ReceiptState = { kind: string; delivered: number; read: number };

export type ConversationState = {
  id: string;
  log: string | null;
  status: Status;
  controller: Controller;
  /** Who is in control when `controller` is `agent`. */
  holder: UserRef | null;
  epoch: number;
  seq: number;
  assignee: UserRef | null;
  customer: Customer | null;
  channel: string | null;
  timeline: readonly TimelineItem[];
  messages: Readonly<Record<string, MessageView>>;
  /** Ids of answers that ended; live frames for them are late and dropped. */
  ended: Readonly<Record<string, true>>;
  receipts: Readonly<Record<string, ReceiptState>>;
  /** Who is typing, by id. */
  typing: Readonly<Record<string, Participant>>;
  presence: readonly PresentParticipant[];
  /** Null until a rating is asked for; its score is null until it is given. */
  csat: Csat | null;
  labels: readonly string[];
  priority: Priority | null;
  snoozeUntil: string | null;
  /** The draft that staff share. */
  draft: string | null;
  /** Older messages exist on the server. */
  more: boolean;
  /** Set when something is missing: ask for what came after `seq`, or for everything. */
  stale: null | "resume" | "snapshot";
};

export type Link = "idle" | "connecting" | "open" | "waiting" | "ended";

export type SessionState = {
  link: Link;
  /** The close code that ended the session for good. */
  endCode: number | null;
  connection: string | null;
  visitor: VisitorSelf | null;
  user: UserSelf | null;
  limits: Limits;
  conversations: Readonly<Record<string, ConversationState>>;
  /** Inbox rows by conversation, as the server sent them last. */
  summaries: Readonly<Record<string, Summary>>;
  notifications: readonly Notification[];
};

export const initialSession: SessionState = {
  link: "idle",
  endCode: null,
  connection: null,
  visitor: null,
  user: null,
  limits: { frame_bytes: 65536, commands_per_minute: 120, message_chars: 4000 },
  conversations: {},
  summaries: {},
  notifications: [],
};

/** The answer that is running in a conversation, if there is one. */
export function runningReply(conversation: ConversationState): MessageView | null {
  for (let index = conversation.timeline.length - 1; index >= 0; index -= 1) {
    const item = conversation.timeline[index];
    if (item?.kind !== "message") continue;
    const message = conversation.messages[item.id];
    if (message?.live) return message;
  }
  return null;
}
