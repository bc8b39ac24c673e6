import type { Message, Sender } from "@/wire/wire.gen";
import type { ConversationState, MessageState, MessageView, TimelineItem } from "./state";

const BOT: Sender = { kind: "bot" };

/** Put an item at its position; items of one position stay in the order they came. */
function insert(timeline: readonly TimelineItem[], item: TimelineItem): TimelineItem[] {
  let index = timeline.length;
  while (index > 0 && (timeline[index - 1]?.position ?? 0) > item.position) index -= 1;
  return [...timeline.slice(0, index), item, ...timeline.slice(index)];
}

export function addItem(conversation: ConversationState, item: TimelineItem): ConversationState {
  if (conversation.timeline.some((other) => other.kind === item.kind && other.id === item.id))
    return conversation;
  return { ...conversation, timeline: insert(conversation.timeline, item) };
}

/**
 * Add or replace a message, at its position. A running answer keeps the place where it began to stream; its end has
 * one in the log, which is the same for everybody and may be behind what was said meanwhile.
 */
export function putMessage(conversation: ConversationState, view: MessageView): ConversationState {
  const next = { ...conversation, messages: { ...conversation.messages, [view.id]: view } };
  const known = conversation.messages[view.id];
  if (known?.position === view.position) return next;
  const others = known ? withoutMessage(conversation.timeline, view.id) : conversation.timeline;
  return { ...next, timeline: insert(others, { kind: "message", id: view.id, position: view.position }) };
}

function withoutMessage(timeline: readonly TimelineItem[], id: string): TimelineItem[] {
  return timeline.filter((item) => item.kind !== "message" || item.id !== id);
}

export function removeMessage(conversation: ConversationState, id: string): ConversationState {
  if (!(id in conversation.messages)) return conversation;
  const { [id]: _, ...messages } = conversation.messages;
  return { ...conversation, messages, timeline: withoutMessage(conversation.timeline, id) };
}

export function endReply(conversation: ConversationState, id: string): ConversationState {
  return id in conversation.ended
    ? conversation
    : { ...conversation, ended: { ...conversation.ended, [id]: true } };
}

function finishedState(message: Message): MessageState {
  if (message.redacted) return "redacted";
  switch (message.reply?.finish_reason) {
    case "stopped":
      return "stopped";
    case "taken_over":
      return "taken_over";
    case "error":
      return "failed";
    default:
      return "done";
  }
}

/** The view of a message from the log, over what is known of it from elsewhere. */
export function loggedView(message: Message, seq: number, known: MessageView | undefined): MessageView {
  return {
    id: message.id,
    position: seq,
    seq,
    at: message.at,
    sender: message.sender,
    text: message.text,
    clientId: message.client_id ?? null,
    state: finishedState(message),
    live: null,
    reply: message.reply ?? null,
    attachments: message.attachments ?? [],
    products: message.products ?? [],
    sources: message.sources ?? [],
    intent: message.intent ?? known?.intent ?? null,
    sentiment: message.sentiment ?? known?.sentiment ?? null,
    delivery: message.delivery ?? known?.delivery ?? null,
    refers: message.refers ?? null,
    reaction: message.reaction ?? null,
    failure: null,
  };
}

/** A bot message of which only live text is known. */
export function liveView(id: string, position: number, epoch: number, text: string, to: number): MessageView {
  return {
    id,
    position,
    seq: null,
    at: null,
    sender: BOT,
    text,
    clientId: null,
    state: "streaming",
    live: { epoch, to },
    reply: null,
    attachments: [],
    products: [],
    sources: [],
    intent: null,
    sentiment: null,
    delivery: null,
    refers: null,
    reaction: null,
    failure: null,
  };
}
