/** A customer's record as the right panel shows it, read leniently from GET /api/customers/{id}/. */

import { channelName, isChannel, plainWords } from "../format/words";

export type Order = {
  number: string;
  state: string;
  carrier: string | null;
  tracking: string | null;
  arrives: string | null;
  total: number | string | null;
  currency: string;
  items: number;
};
export type EarlierConversation = { id: string; channel: string; lastAt: string | null; summary: string };
export type Recommendation = {
  id: string;
  title: string;
  price: number | string | null;
  currency: string;
  reason: string;
  imageUrl: string | null;
};
export type CustomerRecord = {
  id: string;
  name: string;
  email: string | null;
  verified: boolean;
  /** Since then nothing is taken from them. */
  blockedAt: string | null;
  since: string | null;
  alsoOn: string[];
  orders: Order[];
  conversations: EarlierConversation[];
  recommendations: Recommendation[];
};

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function amount(value: unknown): number | string | null {
  return typeof value === "number" ? value : text(value);
}

/** How many articles: a number, or a list with or without quantities. */
function itemCount(value: unknown): number {
  if (typeof value === "number") return value;
  return list(value).reduce(
    (count, { quantity }) => count + (typeof quantity === "number" ? quantity : 1),
    0,
  );
}

function readOrder(given: Fields): Order {
  const number = text(given.number) ?? "";
  return {
    number: number.startsWith("#") ? number : `#${number}`,
    state: text(given.state) ?? text(given.status) ?? "placed",
    carrier: text(given.carrier),
    tracking: text(given.tracking),
    arrives: text(given.arrives) ?? text(given.arrives_on),
    total: amount(given.total),
    currency: text(given.currency) ?? "",
    items: itemCount(given.items),
  };
}

function readConversation(given: Fields): EarlierConversation {
  return {
    id: text(given.id) ?? "",
    channel: text(given.channel) ?? "web",
    lastAt: text(given.last_at),
    summary: text(given.summary) ?? "Conversation",
  };
}

function readRecommendation(given: Fields): Recommendation {
  return {
    id: text(given.id) ?? text(given.title) ?? "",
    title: text(given.title) ?? "",
    price: amount(given.price),
    currency: text(given.currency) ?? "",
    reason: text(given.reason) ?? "",
    imageUrl: text(given.image_url),
  };
}

/** Addresses on other channels; one with a channel's prefix ("whatsapp:+49...") reads as that channel's. */
function readAddresses(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const address = text(item);
    const [, channel, rest] = address?.match(/^([a-z]+):(.+)$/) ?? [];
    if (channel === undefined || rest === undefined) return address ?? [];
    return isChannel(channel) ? `${channelName(channel)} ${rest}` : [];
  });
}

export function readCustomer(answer: unknown): CustomerRecord {
  const given = fields(answer);
  return {
    id: text(given.id) ?? "",
    name: text(given.name) ?? "Visitor",
    email: text(given.email),
    verified: given.verified === true,
    blockedAt: text(given.blocked_at),
    since: text(given.since),
    alsoOn: readAddresses(given.channel_addresses),
    orders: list(given.orders).map(readOrder),
    conversations: list(given.conversations).map(readConversation),
    recommendations: list(given.recommendations).map(readRecommendation),
  };
}

const STEPS: Readonly<Record<string, number>> = {
  placed: 1,
  "awaiting payment": 1,
  processing: 2,
  shipped: 3,
  "out for delivery": 3,
  delayed: 3,
  delivered: 4,
};

/** How far an order is, 1 to 4 (ordered, packed, shipped, delivered); null when it left that way. */
export function orderSteps(state: string): number | null {
  return STEPS[plainWords(state)] ?? null;
}
