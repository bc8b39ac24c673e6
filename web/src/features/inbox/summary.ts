/** A conversation as the list shows it, read leniently from `conversations` and `inbox.changed`. */

export type Controller = "bot" | "agent" | "queue";
export type Person = { id: string; name: string };
export type LastMessage = {
  sender: string;
  senderId: string | null;
  senderName: string | null;
  text: string;
  at: string;
};

export type Summary = {
  id: string;
  channel: string;
  status: string;
  controller: Controller;
  epoch: number;
  seq: number;
  customer: { id: string; name: string; verified: boolean };
  assignee: Person | null;
  /** Who is in control, when an agent is. */
  holder: Person | null;
  lastMessage: LastMessage | null;
  waitingSince: string | null;
  sentiment: string | null;
  intent: string | null;
  unread: number;
  answering: boolean;
  priority: string | null;
  labels: string[];
  updatedAt: string | null;
};

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** A label given either bare ("negative") or with its score ({label, score}). */
function label(value: unknown): string | null {
  return text(value) ?? text(fields(value)?.label);
}

function person(value: unknown): Person | null {
  const bare = text(value);
  if (bare !== null) return { id: bare, name: "" };
  const given = fields(value);
  const id = text(given?.id);
  return id === null ? null : { id, name: text(given?.name) ?? "" };
}

function controller(value: unknown): Controller {
  return value === "agent" || value === "queue" ? value : "bot";
}

function lastMessage(value: unknown): LastMessage | null {
  const given = fields(value);
  if (given === null) return null;
  const sender = fields(given.sender);
  return {
    sender: text(given.sender) ?? text(sender?.kind) ?? "system",
    senderId: text(sender?.id),
    senderName: text(sender?.name),
    text: text(given.text) ?? "",
    at: text(given.at) ?? "",
  };
}

/** An answer that takes longer than this has failed or is stuck, in ms. */
const LONGEST_ANSWER_MS = 90_000;

/**
 * Whether an answer runs or is about to, as far as the summary tells: the assistant in control owes one to a
 * customer who spoke last.
 */
export function isAnswering(summary: Summary, now: number): boolean {
  if (summary.answering) return true;
  const last = summary.lastMessage;
  if (summary.controller !== "bot" || summary.status !== "open" || last?.sender !== "customer") return false;
  return now - Date.parse(last.at) < LONGEST_ANSWER_MS;
}

/** The summary in `value`, or null when it has no id; unknown fields are left aside. */
export function readSummary(value: unknown): Summary | null {
  const given = fields(value);
  const id = text(given?.id);
  if (given === null || id === null) return null;
  const customer = fields(given.customer);
  return {
    id,
    channel: text(given.channel) ?? "web",
    status: text(given.status) ?? "open",
    controller: controller(given.controller),
    epoch: number(given.epoch),
    seq: number(given.seq),
    customer: {
      id: text(customer?.id) ?? "",
      name: text(customer?.name) ?? "Visitor",
      verified: customer?.verified === true,
    },
    assignee: person(given.assignee),
    holder:
      controller(given.controller) === "agent" ? (person(given.holder) ?? person(given.assignee)) : null,
    lastMessage: lastMessage(given.last_message),
    waitingSince: text(given.waiting_since),
    sentiment: label(given.sentiment),
    intent: label(given.intent),
    unread: number(given.unread),
    answering: given.answering === true,
    priority: text(given.priority),
    labels: Array.isArray(given.labels) ? given.labels.filter((item) => typeof item === "string") : [],
    updatedAt: text(given.updated_at),
  };
}
