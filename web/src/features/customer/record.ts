/** A customer's record as the right panel shows it, read leniently from GET /api/customers/{id}/. */

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

/** Channels a customer writes on, given as names, as records, or as {channel: address}. */
function readChannels(value: unknown): string[] {
  if (!Array.isArray(value)) return Object.keys(fields(value));
  const names = value.map(
    (item: unknown) => text(item) ?? text(fields(item).channel) ?? text(fields(item).kind),
  );
  return [...new Set(names.filter((name) => name !== null))];
}

export function readCustomer(answer: unknown): CustomerRecord {
  const given = fields(answer);
  return {
    id: text(given.id) ?? "",
    name: text(given.name) ?? "Visitor",
    email: text(given.email),
    verified: given.verified === true,
    since: text(given.since),
    alsoOn: readChannels(given.channel_addresses),
    orders: list(given.orders).map(readOrder),
    conversations: list(given.conversations).map(readConversation),
    recommendations: list(given.recommendations).map(readRecommendation),
  };
}

/** How far an order is, 0 to 4 steps (placed, packed, shipped, delivered); null when it left that way. */
export function orderSteps(state: string): number | null {
  const steps: Readonly<Record<string, number>> = {
    placed: 1,
    pending: 1,
    paid: 1,
    confirmed: 1,
    packed: 2,
    processing: 2,
    fulfilled: 3,
    shipped: 3,
    in_transit: 3,
    out_for_delivery: 3,
    delivered: 4,
  };
  return steps[state] ?? null;
}
