// Made by `make wire` from realtime/protocol. Do not edit.

/** A command was carried out. */
export interface Ack {
  type: "ack";
  id: string;
}

/** First frame on /ws/agent; without a token the session cookie counts. Notifications go on after their cursor;
    without one all that are unread are sent. */
export interface AgentHello {
  type: "hello";
  id: string;
  token?: string | null;
  resume?: Cursor[];
  notifications?: NotificationCursor | null;
}

/** A file in a message; `size` in bytes. One that is `waiting` is still at the vendor, who said name and type; why
    it was `refused`, or could not be fetched (`failed`: it can be tried again), is in `reason`. */
export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number;
  url: string;
  state?: "failed" | "refused" | "stored" | "waiting";
  reason?: string | null;
}

/** A file of a message was fetched from its vendor, is fetched again, or will not be here: this is what it is. */
export interface AttachmentChanged {
  type: "attachment.changed";
  conversation: string;
  seq: number;
  at: string;
  message: string;
  attachment: Attachment;
}

/** Somebody else may speak now; live frames of a lower epoch are void. `cut` becomes a message of the bot. */
export interface ControlChanged {
  type: "control.changed";
  conversation: string;
  seq: number;
  at: string;
  controller: "agent" | "bot" | "queue";
  epoch: number;
  user?: UserRef | null;
  cut?: Cut | null;
}

/** Staff: give control to the bot or back to the queue. */
export interface ControlRelease {
  type: "control.release";
  id: string;
  conversation: string;
  to: "bot" | "queue";
}

/** Staff: take over from the bot or the queue. */
export interface ControlTake {
  type: "control.take";
  id: string;
  conversation: string;
}

/** Staff: say whose conversation it is; null is nobody's. */
export interface ConversationAssign {
  type: "conversation.assign";
  id: string;
  conversation: string;
  user: string | null;
}

/** The conversation is somebody's, or nobody's (null). */
export interface ConversationAssigned {
  type: "conversation.assigned";
  conversation: string;
  seq: number;
  at: string;
  user: UserRef | null;
}

/** Close; with `seq`, only when no newer customer message came. */
export interface ConversationClose {
  type: "conversation.close";
  id: string;
  conversation: string;
  seq?: number | null;
}

/** The conversation was closed; without `user` by the customer or the system. */
export interface ConversationClosed {
  type: "conversation.closed";
  conversation: string;
  seq: number;
  at: string;
  user?: UserRef | null;
}

/** Visitor: the open conversation, or a new one. */
export interface ConversationOpen {
  type: "conversation.open";
  id: string;
  page?: Page | null;
}

/** Staff: open a closed conversation again. */
export interface ConversationReopen {
  type: "conversation.reopen";
  id: string;
  conversation: string;
  seq?: number | null;
}

/** The conversation is open again. */
export interface ConversationReopened {
  type: "conversation.reopened";
  conversation: string;
  seq: number;
  at: string;
  user?: UserRef | null;
}

/** Stop following a conversation. */
export interface ConversationUnwatch {
  type: "conversation.unwatch";
  id: string;
  conversation: string;
}

/** Staff: change labels, priority, snooze time (RFC 3339 or null) or the shared draft (or null). */
export interface ConversationUpdate {
  type: "conversation.update";
  id: string;
  conversation: string;
  labels?: string[];
  priority?: "high" | "low" | "normal" | "urgent";
  snooze_until?: string | null;
  draft?: string | null;
}

/** Labels, priority and the like changed; a field that is not there stays as it was (staff). */
export interface ConversationUpdated {
  type: "conversation.updated";
  conversation: string;
  seq: number;
  at: string;
  labels?: string[];
  priority?: "high" | "low" | "normal" | "urgent";
  snooze_until?: string | null;
  draft?: string | null;
}

/** Follow a conversation, from a position when one is given. */
export interface ConversationWatch {
  type: "conversation.watch";
  id: string;
  conversation: string;
  log?: string | null;
  seq?: number | null;
  live?: LiveCursor | null;
}

/** Rating of a conversation; `score` is null while only asked for. */
export interface Csat {
  score: number | null;
  comment?: string | null;
}

/** Visitor: rate the conversation. */
export interface CsatRate {
  type: "csat.rate";
  id: string;
  conversation: string;
  score: number;
  comment?: string | null;
}

/** The customer rated the conversation. */
export interface CsatRated {
  type: "csat.rated";
  conversation: string;
  seq: number;
  at: string;
  score: number;
  comment?: string | null;
}

/** The customer is asked for a rating. */
export interface CsatRequested {
  type: "csat.requested";
  conversation: string;
  seq: number;
  at: string;
}

/** Where a client stands in a conversation. A conversation that is not (or no longer) there is no error. */
export interface Cursor {
  conversation: string;
  log?: string | null;
  seq?: number | null;
  live?: LiveCursor | null;
}

/** The customer of a conversation. Visitors see id, name and verified. */
export interface Customer {
  id: string;
  verified: boolean;
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  external_id?: string | null;
  locale?: string | null;
}

/** The customer's record changed (staff). `merge`: another one was joined with it just now, for `reason` (agent,
    phone or email); POST /api/merges/{merge}/undo/ takes them apart. */
export interface CustomerUpdated {
  type: "customer.updated";
  conversation: string;
  seq: number;
  at: string;
  customer: Customer;
  merge?: string | null;
  reason?: string | null;
}

/** The reply that a change of control ended, with the text that stays.

    `replaces`: the server could not learn how much was shown; a client may have shown more, and takes that back. */
export interface Cut {
  message: string;
  text: string;
  replaces?: boolean;
}

/** What became of a message on an external channel. `to`: how much of its text went out, in UTF-8 bytes, when it
    was canceled, failed or its fate is unknown. */
export interface Delivery {
  status: "canceled" | "delivered" | "failed" | "queued" | "read" | "sending" | "sent" | "unknown";
  error?: string | null;
  to?: number | null;
}

/** A message moved on an external channel; `to` as in its `delivery`. */
export interface DeliveryChanged {
  type: "delivery.changed";
  conversation: string;
  seq: number;
  at: string;
  message: string;
  status: "canceled" | "delivered" | "failed" | "queued" | "read" | "sending" | "sent" | "unknown";
  error?: string | null;
  to?: number | null;
}

/** Staff: send the parts of a message again that failed or whose fate is unknown, once per `client_id`. */
export interface DeliveryResend {
  type: "delivery.resend";
  id: string;
  conversation: string;
  message: string;
  client_id: string;
}

/** This server goes away: reconnect after the given time (ms). */
export interface Drain {
  type: "drain";
  reconnect_after_ms: number;
}

/** A refused command (with its id) or frame (without); `holder` comes with `conflict` over control. `reason` is
    `window` when `closed` means a channel's time to answer, which was open `until`. */
export interface ErrorFrame {
  type: "error";
  code: "bad_frame" | "closed" | "conflict" | "forbidden" | "not_found" | "rate_limited" | "too_large" | "unauthorized" | "unavailable" | "unknown_type";
  message: string;
  id?: string | null;
  retry_after_ms?: number | null;
  holder?: UserRef | null;
  reason?: string | null;
  until?: string | null;
}

/** Visitor: ask for a person. */
export interface HandoffRequest {
  type: "handoff.request";
  id: string;
  conversation: string;
}

/** Stands for an event the reader may not see, so that their count stays gapless. */
export interface HiddenEvent {
  type: "seq";
  conversation: string;
  seq: number;
}

/** A customer known to the shop; `hash` is hex HMAC-SHA256(widget secret, id), `email` and `name` are hints. */
export interface Identity {
  id: string;
  hash?: string | null;
  name?: string | null;
  email?: string | null;
}

/** A part of the bot that is with the provider of an external channel: it may still reach the customer. */
export interface InFlight {
  message: string;
  part: number;
  text: string;
}

/** Of inbox.watch. */
export interface InboxAck {
  type: "ack";
  id: string;
  conversations: Summary[];
}

/** A conversation of the inbox changed (staff). */
export interface InboxChanged {
  type: "inbox.changed";
  summary: Summary;
}

/** Staff: first page of a queue, then `inbox.changed` frames. */
export interface InboxWatch {
  type: "inbox.watch";
  id: string;
  queue: "all" | "bot" | "mine" | "unassigned";
}

/** What a client may send. */
export interface Limits {
  frame_bytes: number;
  commands_per_minute: number;
  message_chars: number;
}

/** A reply in progress; `from` and `to` are opaque positions. */
export interface Live {
  message: string;
  epoch: number;
  from: number;
  to: number;
  text: string;
}

/** How much of a reply in progress the client holds: `to` as it was in the last delta. */
export interface LiveCursor {
  message: string;
  to: number;
}

/** A snapshot as it goes to a client: with the reply in progress from 0. */
export interface LiveSnapshot {
  id: string;
  log: string;
  status: "closed" | "open" | "snoozed";
  controller: "agent" | "bot" | "queue";
  epoch: number;
  seq: number;
  customer: Customer;
  channel: string;
  messages: Message[];
  assignee?: UserRef | null;
  holder?: UserRef | null;
  receipts?: Receipt[];
  csat?: Csat | null;
  notes?: Note[];
  labels?: string[];
  priority?: "high" | "low" | "normal" | "urgent" | null;
  snooze_until?: string | null;
  draft?: string | null;
  more?: boolean;
  live: Live | null;
}

/** A message as everybody in the conversation sees it. */
export interface Message {
  id: string;
  seq: number;
  at: string;
  sender: Sender;
  text: string;
  client_id?: string | null;
  reply?: ReplyEnd | null;
  attachments?: Attachment[];
  products?: RecommendedProduct[];
  sources?: Source[];
  redacted?: boolean;
  intent?: Scored | null;
  sentiment?: Scored | null;
  delivery?: Delivery | null;
  refers?: Refers | null;
  reaction?: string | null;
}

/** Intent and sentiment of a message are known (staff). */
export interface MessageAnalyzed {
  type: "message.analyzed";
  conversation: string;
  seq: number;
  at: string;
  message: string;
  intent: Scored;
  sentiment: Scored;
}

/** A message was written, or a reply ended (same id as its live frames, full text). `replaces` as in Cut. */
export interface MessageCreated {
  type: "message.created";
  conversation: string;
  seq: number;
  at: string;
  message: Message;
  replaces?: boolean;
}

/** The customer reacted to a message on an external channel; null takes the reaction back. */
export interface MessageReacted {
  type: "message.reacted";
  conversation: string;
  seq: number;
  at: string;
  message: string;
  emoji: string | null;
}

/** The text of a message was removed for good. */
export interface MessageRedacted {
  type: "message.redacted";
  conversation: string;
  seq: number;
  at: string;
  message: string;
}

/** A message of the visitor or of staff; the same `client_id` again changes nothing and is answered the same. */
export interface MessageSend {
  type: "message.send";
  id: string;
  conversation: string;
  client_id: string;
  text: string;
  attachments?: string[];
}

/** A note of staff. */
export interface Note {
  id: string;
  seq: number;
  at: string;
  author: UserRef;
  text: string;
  client_id?: string | null;
}

/** Of note.add: the note's id and seq. */
export interface NoteAck {
  type: "ack";
  id: string;
  note: string;
  seq: number;
}

/** Staff: a note that no visitor sees. */
export interface NoteAdd {
  type: "note.add";
  id: string;
  conversation: string;
  client_id: string;
  text: string;
}

/** Staff wrote a note (staff). */
export interface NoteCreated {
  type: "note.created";
  conversation: string;
  seq: number;
  at: string;
  note: Note;
}

/** Something this member of staff should know: stored, and sent once to a console that resumes after its cursor
    (AgentHello); again when it was `read` on another connection (staff). */
export interface Notification {
  type: "notification";
  id: string;
  kind: "assigned" | "channel_broken" | "channel_policy" | "csat_low" | "delivery_failed" | "handoff" | "job_dead" | "mention" | "model_broken" | "waiting";
  at: string;
  conversation?: string | null;
  read?: boolean;
  customer?: string | null;
  by?: UserRef | null;
}

/** What a console was told so far: the greatest id, and which of all it holds unread. */
export interface NotificationCursor {
  after?: string | null;
  unread?: string[];
}

/** Staff: mark notifications as read. */
export interface NotificationRead {
  type: "notification.read";
  id: string;
  ids: string[];
}

/** Of conversation.open. */
export interface OpenAck {
  type: "ack";
  id: string;
  conversation: LiveSnapshot;
}

/** How far an order is; `state` in the shop's words, `arrives` the day it is expected. */
export interface OrderState {
  number: string;
  state: string;
  carrier?: string | null;
  tracking?: string | null;
  tracking_url?: string | null;
  arrives?: string | null;
}

/** The page of the shop that the visitor is on. */
export interface Page {
  url?: string;
  title?: string;
  product_id?: string | null;
}

/** Somebody in a conversation. */
export interface Participant {
  kind: "agent" | "bot" | "customer";
  id: string;
  name?: string | null;
}

/** Nothing happened for a while, and the connection is alive. */
export interface Ping {
  type: "ping";
}

/** Who has the conversation open, all of them. */
export interface PresenceChanged {
  type: "presence";
  conversation: string;
  participants: PresentParticipant[];
}

/** Whether somebody looks: at one conversation, or at all that this connection follows now and later. */
export interface PresenceSet {
  type: "presence";
  id: string;
  state: "away" | "online";
  conversation?: string | null;
}

/** Somebody who has the conversation open. */
export interface PresentParticipant {
  kind: "agent" | "customer";
  id: string;
  state: "away" | "online";
  name?: string | null;
}

/** The last message in a list of conversations. */
export interface Preview {
  at: string;
  sender: Sender;
  text: string;
}

/** Everything up to `seq` has been seen. */
export interface Read {
  type: "read";
  id: string;
  conversation: string;
  seq: number;
}

/** How far somebody received and read, as seq. */
export interface Receipt {
  participant: Participant;
  delivered?: number | null;
  read?: number | null;
}

/** Somebody received or read everything up to a seq. */
export interface ReceiptChanged {
  type: "receipt";
  conversation: string;
  seq: number;
  at: string;
  participant: Participant;
  delivered?: number | null;
  read?: number | null;
}

/** A product shown under a reply; `price` in the minor unit of `currency`. */
export interface RecommendedProduct {
  id: string;
  title: string;
  price: number;
  currency: string;
  reason: string;
  recommendation: string;
  image_url?: string | null;
  url?: string | null;
}

/** The advertisement or link that led a customer here; `source` is the channel's word for its kind. */
export interface Referral {
  source?: string | null;
  headline?: string | null;
  url?: string | null;
}

/** What a message refers to. `message` is another message, which may be of an earlier conversation; its text is
    not repeated, so that nothing of it stays when it is redacted. */
export interface Refers {
  message?: string | null;
  story?: Story | null;
  referral?: Referral | null;
}

/** Of control.release. */
export interface ReleaseAck {
  type: "ack";
  id: string;
  epoch: number;
}

/** A piece of a reply; `from` and `to` count UTF-8 bytes. */
export interface ReplyDelta {
  type: "reply.delta";
  conversation: string;
  message: string;
  epoch: number;
  from: number;
  to: number;
  text: string;
}

/** How a bot's message ended; `to` is the length of its text in UTF-8 bytes. */
export interface ReplyEnd {
  finish_reason: "error" | "length" | "stop" | "stopped" | "taken_over";
  to: number;
}

/** A reply ended without a message. */
export interface ReplyFailed {
  type: "reply.failed";
  conversation: string;
  seq: number;
  at: string;
  message: string;
  reason: string;
}

/** Visitor: thumbs on a reply of the bot. */
export interface ReplyFeedback {
  type: "reply.feedback";
  id: string;
  conversation: string;
  message: string;
  value: "down" | "up";
}

/** A reply begins. */
export interface ReplyStarted {
  type: "reply.started";
  conversation: string;
  message: string;
  epoch: number;
}

/** End the bot's reply where it is; who is in control stays. */
export interface ReplyStop {
  type: "reply.stop";
  id: string;
  conversation: string;
  message: string;
}

/** A conversation begins anew with a snapshot; it is null, and `error` says why, when it may not be read. */
export interface Restarted {
  conversation: string;
  resumed: false;
  snapshot: LiveSnapshot | null;
  error?: "not_found" | null;
}

/** Of conversation.watch with a snapshot. */
export interface RestartedAck {
  type: "ack";
  conversation: string;
  resumed: false;
  snapshot: LiveSnapshot | null;
  error?: "not_found" | null;
  id: string;
}

/** A conversation goes on where the client was: the events after its position and the reply in progress. */
export interface Resumed {
  conversation: string;
  resumed: true;
  events: (MessageCreated | MessageAnalyzed | ControlChanged | ConversationAssigned | ConversationClosed | ConversationReopened | NoteCreated | ReceiptChanged | DeliveryChanged | CsatRequested | CsatRated | ConversationUpdated | CustomerUpdated | MessageRedacted | MessageReacted | AttachmentChanged | ReplyFailed | HiddenEvent)[];
  live: Live | null;
}

/** Of conversation.watch from a position. */
export interface ResumedAck {
  type: "ack";
  conversation: string;
  resumed: true;
  events: (MessageCreated | MessageAnalyzed | ControlChanged | ConversationAssigned | ConversationClosed | ConversationReopened | NoteCreated | ReceiptChanged | DeliveryChanged | CsatRequested | CsatRated | ConversationUpdated | CustomerUpdated | MessageRedacted | MessageReacted | AttachmentChanged | ReplyFailed | HiddenEvent)[];
  live: Live | null;
  id: string;
}

/** Events are missing here: resume this conversation. */
export interface Resync {
  type: "resync";
  conversation: string;
}

/** A label of a classifier and its probability. */
export interface Scored {
  label: string;
  score: number;
}

/** Of message.send: the message's id and seq. */
export interface SendAck {
  type: "ack";
  id: string;
  message: string;
  seq: number;
}

/** Who wrote a message. */
export interface Sender {
  kind: "agent" | "bot" | "customer" | "system";
  id?: string | null;
  name?: string | null;
}

/** Of conversation.close and conversation.reopen. */
export interface SeqAck {
  type: "ack";
  id: string;
  seq: number;
}

/** Where a fact of a reply comes from; with `order` when that is an order, to be shown as a card. */
export interface Source {
  title: string;
  url?: string | null;
  order?: OrderState | null;
}

/** Of reply.stop: the text that stays. */
export interface StopAck {
  type: "ack";
  id: string;
  text: string;
}

/** A story on a channel; `url` is that of the file that was kept of it. */
export interface Story {
  url?: string | null;
}

/** The last frame of an event stream, which has no close frame of its own: the code a socket would close with. */
export interface StreamClosed {
  type: "close";
  code: number;
  reason: string;
}

/** Staff: ask for a suggested answer, streamed to this connection. */
export interface SuggestRequest {
  type: "suggest.request";
  id: string;
  conversation: string;
}

/** A piece of a suggested answer (staff). */
export interface SuggestionDelta {
  type: "suggestion.delta";
  conversation: string;
  text: string;
}

/** A suggested answer is complete; `text` is the whole of it, and empty when there is none: see `reason` (staff). */
export interface SuggestionDone {
  type: "suggestion.done";
  conversation: string;
  text: string;
  reason?: "failed" | "needs_a_person" | "no_question" | "unfounded" | null;
}

/** A conversation in the console's lists; `seq` tells which of two summaries is newer. */
export interface Summary {
  id: string;
  seq: number;
  status: "closed" | "open" | "snoozed";
  controller: "agent" | "bot" | "queue";
  epoch: number;
  customer: Customer;
  channel: string;
  updated_at: string;
  assignee?: UserRef | null;
  holder?: UserRef | null;
  last_message?: Preview | null;
  waiting_since?: string | null;
  unread?: number;
  intent?: Scored | null;
  sentiment?: Scored | null;
  labels?: string[];
  priority?: "high" | "low" | "normal" | "urgent" | null;
  snooze_until?: string | null;
}

/** Of control.take. */
export interface TakeAck {
  type: "ack";
  id: string;
  epoch: number;
  cut: Cut | null;
  in_flight?: InFlight[];
}

/** Replace the token of this session by a newer one of the same visitor or user. */
export interface TokenRefresh {
  type: "token.refresh";
  id: string;
  token: string;
}

/** Typing began or ended. */
export interface Typing {
  type: "typing";
  id: string;
  conversation: string;
  on: boolean;
}

/** Somebody began or stopped typing. */
export interface TypingChanged {
  type: "typing";
  conversation: string;
  participant: Participant;
  on: boolean;
}

/** A member of staff, as others see them. */
export interface UserRef {
  id: string;
  name: string;
}

/** The member of staff, to themselves. */
export interface UserSelf {
  id: string;
  name: string;
  role: string;
}

/** First frame on /ws/chat. */
export interface VisitorHello {
  type: "hello";
  id: string;
  widget_key: string;
  token?: string | null;
  identity?: Identity | null;
  page?: Page | null;
  locale?: string | null;
  resume?: Cursor[];
}

/** The visitor, to themselves. */
export interface VisitorSelf {
  id: string;
  verified: boolean;
  name?: string | null;
}

/** The answer to a good hello; `visitor` on /ws/chat, `user` on /ws/agent. `unread`: which of the notifications that
    the hello held unread still are; those that it lacks follow as frames. */
export interface Welcome {
  type: "welcome";
  id: string;
  protocol: number;
  connection: string;
  heartbeat_s: number;
  limits: Limits;
  conversations: (Resumed | Restarted)[];
  token?: string | null;
  visitor?: VisitorSelf | null;
  user?: UserSelf | null;
  unread?: string[] | null;
}

export type VisitorCommand =
  | VisitorHello
  | ConversationOpen
  | ConversationWatch
  | ConversationUnwatch
  | MessageSend
  | Typing
  | PresenceSet
  | Read
  | ReplyStop
  | ReplyFeedback
  | HandoffRequest
  | ConversationClose
  | CsatRate
  | TokenRefresh;

export type StaffCommand =
  | AgentHello
  | ConversationWatch
  | ConversationUnwatch
  | InboxWatch
  | MessageSend
  | Typing
  | PresenceSet
  | Read
  | ReplyStop
  | ControlTake
  | ControlRelease
  | ConversationAssign
  | NoteAdd
  | DeliveryResend
  | ConversationClose
  | ConversationReopen
  | ConversationUpdate
  | SuggestRequest
  | NotificationRead
  | TokenRefresh;

export type Command = VisitorCommand | StaffCommand;

export type LoggedEvent =
  | MessageCreated
  | MessageAnalyzed
  | ControlChanged
  | ConversationAssigned
  | ConversationClosed
  | ConversationReopened
  | NoteCreated
  | ReceiptChanged
  | DeliveryChanged
  | CsatRequested
  | CsatRated
  | ConversationUpdated
  | CustomerUpdated
  | MessageRedacted
  | MessageReacted
  | AttachmentChanged
  | ReplyFailed;

export type LiveFrame =
  | HiddenEvent
  | ReplyStarted
  | ReplyDelta
  | TypingChanged
  | PresenceChanged
  | InboxChanged
  | Notification
  | SuggestionDelta
  | SuggestionDone
  | Drain
  | Resync
  | StreamClosed
  | Ping;

export type AnyAck =
  | Ack
  | OpenAck
  | ResumedAck
  | RestartedAck
  | InboxAck
  | SendAck
  | StopAck
  | TakeAck
  | ReleaseAck
  | NoteAck
  | SeqAck;

export type ServerFrame = Welcome | ErrorFrame | AnyAck | LoggedEvent | LiveFrame;

/** The acknowledgement of each command. */
export interface AckOf {
  "conversation.open": OpenAck;
  "conversation.watch": ResumedAck | RestartedAck;
  "conversation.unwatch": Ack;
  "inbox.watch": InboxAck;
  "message.send": SendAck;
  typing: Ack;
  presence: Ack;
  read: Ack;
  "reply.stop": StopAck;
  "reply.feedback": Ack;
  "handoff.request": Ack;
  "control.take": TakeAck;
  "control.release": ReleaseAck;
  "conversation.assign": Ack;
  "note.add": NoteAck;
  "delivery.resend": Ack;
  "conversation.close": SeqAck;
  "conversation.reopen": SeqAck;
  "conversation.update": Ack;
  "suggest.request": Ack;
  "notification.read": Ack;
  "csat.rate": Ack;
  "token.refresh": Ack;
}

export const PROTOCOL_VERSION = 1;
export const HEARTBEAT_S = 25;
export const SUBPROTOCOL = "assistify.v1";

/** 4000-4499: reconnect; 4500-4999: final. */
export const CLOSE = {
  DRAIN: 4000,
  SLOW_CONSUMER: 4001,
  RESYNC: 4002,
  HEARTBEAT: 4003,
  PROTOCOL: 4500,
  UNAUTHORIZED: 4501,
  REVOKED: 4502,
  REPLACED: 4503,
} as const;

export type ErrorCode = "bad_frame" | "too_large" | "unknown_type" | "unauthorized" | "forbidden" | "not_found" | "conflict" | "rate_limited" | "unavailable" | "closed";
