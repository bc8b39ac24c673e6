import type {
  ControlChanged,
  ConversationUpdated,
  HiddenEvent,
  LoggedEvent,
  Message,
  Receipt,
  ReplyFailed,
} from "@/wire/wire.gen";
import type { ConversationState, SystemLine } from "./state";
import { addItem, endReply, liveView, loggedView, putMessage, removeMessage } from "./timeline";

/** An event of the log, or the place of one that this reader may not see. */
export type CountedEvent = LoggedEvent | HiddenEvent;

/**
 * Apply one event of the log. Events already held change nothing; one that leaves a gap is not applied and
 * marks the conversation for a resume.
 */
export function applyEvent(conversation: ConversationState, event: CountedEvent): ConversationState {
  if (event.seq <= conversation.seq) return conversation;
  if (event.seq !== conversation.seq + 1) {
    return conversation.stale ? conversation : { ...conversation, stale: "resume" };
  }
  return { ...change(conversation, event), seq: event.seq };
}

/** Whoever has sent what they wrote types no more: word of it may be lost. */
function stopTyping(conversation: ConversationState, { sender }: Message): ConversationState {
  const id = sender.id ?? "";
  if (!(id in conversation.typing)) return conversation;
  const { [id]: _, ...typing } = conversation.typing;
  return { ...conversation, typing };
}

function change(conversation: ConversationState, event: CountedEvent): ConversationState {
  switch (event.type) {
    case "message.created": {
      const known = conversation.messages[event.message.id];
      const view = loggedView(event.message, event.seq, known);
      return endReply(putMessage(stopTyping(conversation, event.message), view), event.message.id);
    }
    case "control.changed":
      return controlChanged(conversation, event);
    case "reply.failed":
      return replyFailed(conversation, event);
    case "message.analyzed":
      return patch(conversation, event.message, { intent: event.intent, sentiment: event.sentiment });
    case "message.redacted":
      return patch(conversation, event.message, {
        text: "",
        state: "redacted",
        products: [],
        attachments: [],
        refers: null,
        reaction: null,
      });
    case "note.created": {
      const { note, seq, at } = event;
      return addItem(conversation, { kind: "note", id: note.id, position: seq, at, note });
    }
    case "receipt":
      return withReceipt(conversation, event);
    case "conversation.assigned":
      return { ...conversation, assignee: event.user };
    case "conversation.closed":
      return line({ ...conversation, status: "closed" }, event, { kind: "closed", name: null });
    case "conversation.reopened":
      return line({ ...conversation, status: "open" }, event, { kind: "reopened", name: null });
    case "delivery.changed":
      return patch(conversation, event.message, {
        delivery: { status: event.status, error: event.error, to: event.to },
      });
    case "message.reacted":
      return patch(conversation, event.message, { reaction: event.emoji });
    case "attachment.changed":
      return patch(conversation, event.message, {
        attachments: (conversation.messages[event.message]?.attachments ?? []).map((file) =>
          file.id === event.attachment.id ? event.attachment : file,
        ),
      });
    case "csat.requested":
      return { ...conversation, csat: { score: null } };
    case "csat.rated":
      return { ...conversation, csat: { score: event.score } };
    case "conversation.updated":
      return updated(conversation, event);
    case "customer.updated":
      return { ...conversation, customer: event.customer };
    default:
      // `seq` and whatever a newer server logs only count.
      return conversation;
  }
}

function patch(
  conversation: ConversationState,
  id: string,
  fields: Partial<ConversationState["messages"][string]>,
): ConversationState {
  const known = conversation.messages[id];
  return known ? putMessage(conversation, { ...known, ...fields }) : conversation;
}

function line(
  conversation: ConversationState,
  event: { seq: number; at: string },
  text: SystemLine,
): ConversationState {
  return addItem(conversation, {
    kind: "line",
    id: `line-${event.seq}`,
    position: event.seq,
    at: event.at,
    line: text,
  });
}

/** A field that is not there stays as it was. */
function updated(conversation: ConversationState, event: ConversationUpdated): ConversationState {
  return {
    ...conversation,
    labels: event.labels ?? conversation.labels,
    priority: event.priority ?? conversation.priority,
    snoozeUntil: event.snooze_until === undefined ? conversation.snoozeUntil : event.snooze_until,
    draft: event.draft === undefined ? conversation.draft : event.draft,
  };
}

function controlChanged(conversation: ConversationState, event: ControlChanged): ConversationState {
  const before = conversation.controller;
  const holder = event.controller === "agent" ? (event.user ?? null) : null;
  let next: ConversationState = {
    ...conversation,
    controller: event.controller,
    holder,
    epoch: Math.max(conversation.epoch, event.epoch),
  };
  if (event.cut) next = cutReply(next, event, event.cut);
  next = endOlderReplies(next, event.epoch);
  if (event.controller === "agent") {
    return line(next, event, { kind: "joined", name: holder?.name ?? null });
  }
  if (event.controller === before) return next;
  return line(next, event, {
    kind: event.controller === "bot" ? "handed_back" : "queued",
    name: event.user?.name ?? null,
  });
}

/** The cut text is what the customer got: it replaces whatever this side holds. */
function cutReply(
  conversation: ConversationState,
  event: ControlChanged,
  cut: { message: string; text: string },
): ConversationState {
  const known = conversation.messages[cut.message] ?? liveView(cut.message, event.seq, event.epoch, "", 0);
  const to = new TextEncoder().encode(cut.text).length;
  const seq = known.seq ?? event.seq;
  const ended = putMessage(conversation, {
    ...known,
    position: seq,
    seq,
    at: known.at ?? event.at,
    text: cut.text,
    state: "taken_over",
    live: null,
    reply: { finish_reason: "taken_over", to },
  });
  return endReply(ended, cut.message);
}

/** A change of control with a higher epoch ends every answer made under an older one. */
function endOlderReplies(conversation: ConversationState, epoch: number): ConversationState {
  let next = conversation;
  for (const view of Object.values(conversation.messages)) {
    if (!view.live || view.live.epoch >= epoch) continue;
    next = endReply(next, view.id);
    next =
      view.text === ""
        ? removeMessage(next, view.id)
        : putMessage(next, { ...view, state: "taken_over", live: null });
  }
  return next;
}

function replyFailed(conversation: ConversationState, event: ReplyFailed): ConversationState {
  const ended = endReply(conversation, event.message);
  const known =
    ended.messages[event.message] ?? liveView(event.message, event.seq, conversation.epoch, "", 0);
  return putMessage(ended, {
    ...known,
    position: event.seq,
    seq: event.seq,
    at: event.at,
    state: "failed",
    live: null,
    failure: event.reason,
  });
}

/** Take a receipt in; positions only grow. */
export function withReceipt(conversation: ConversationState, receipt: Receipt): ConversationState {
  const { id, kind } = receipt.participant;
  const known = conversation.receipts[id] ?? { kind, delivered: 0, read: 0 };
  const read = Math.max(known.read, receipt.read ?? 0);
  const delivered = Math.max(known.delivered, receipt.delivered ?? 0, read);
  return { ...conversation, receipts: { ...conversation.receipts, [id]: { kind, delivered, read } } };
}
