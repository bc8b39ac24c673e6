/** Channels that can be played in the demo, as GET /api/simulate/ has them. */

import { queryOptions } from "@tanstack/react-query";
import type { Summary } from "../inbox/summary";
import { rest } from "../rest/client";

export type SimulatedLine = { by: "customer" | "shop"; person: string; text: string; at: string };

export type Simulated = {
  kind: string;
  account: string | null;
  person: string | null;
  /** The faults that are switched on. */
  faults: string[];
  lines: SimulatedLine[];
};

export type Simulators = { channels: Simulated[]; faults: string[] };

const SIMULATE = "/api/simulate/";
const HTTP_OK = 200;

export const simulatorsQuery = queryOptions({
  queryKey: ["simulators"],
  queryFn: async ({ signal }) => (await rest(SIMULATE, { signal })) as Simulators,
});

export type Taken = { status: number; channel: Simulated };

/** Let a customer write, or Shopify tell of the order with this number. */
export async function writeAs(kind: string, person: string | null, text: string): Promise<Taken> {
  const body = { text, person: person ?? "", event: "message" };
  return (await rest(`${SIMULATE}${kind}/`, { method: "POST", body })) as Taken;
}

/** Let the customer read all that came. */
export async function readAs(kind: string): Promise<Taken> {
  return (await rest(`${SIMULATE}${kind}/`, { method: "POST", body: { event: "read" } })) as Taken;
}

export async function switchFault(kind: string, fault: string, on: boolean): Promise<Simulated> {
  return (await rest(`${SIMULATE}${kind}/faults/`, { method: "POST", body: { fault, on } })) as Simulated;
}

/** The simulators with one of them as it is now. */
export function withChannel(simulators: Simulators, channel: Simulated): Simulators {
  return {
    ...simulators,
    channels: simulators.channels.map((one) => (one.kind === channel.kind ? channel : one)),
  };
}

/** What the server said to an event, when it did not take it; null when it did. */
export function refusalWords(status: number): string | null {
  if (status === HTTP_OK) return null;
  if (status === 0) return "The server did not answer.";
  return `The server answered with ${status}.`;
}

export const FAULT_WORDS: Readonly<Record<string, { title: string; hint: string }>> = {
  closed_window: {
    title: "The answering time is over",
    hint: "The vendor refuses free text: the console tells why, and offers to send again.",
  },
  rate_limit: {
    title: "Calls come too fast",
    hint: "The vendor asks to wait: answers come later, in order, and none is lost.",
  },
  server_error: {
    title: "The vendor's server fails",
    hint: "Answers wait and are tried again by themselves.",
  },
  lost_callback: {
    title: "Ticks get lost",
    hint: "Answers arrive, and stay at “sent” in the console.",
  },
};

const LAST_DIGITS = 10_000;

/** An address on a channel that nobody else has. */
export function strangerOn(kind: string, random: () => number = Math.random): string {
  const digits = String(Math.floor(random() * LAST_DIGITS)).padStart(4, "0");
  return kind === "whatsapp" ? `whatsapp:+1415556${digits}` : `990${digits}${digits}`;
}

/** Telegram tells a bot nothing about reading. */
export function tellsReading(kind: string): boolean {
  return kind !== "telegram";
}

/** "whatsapp:+14155550101" -> "+14155550101". */
export function personWords(person: string): string {
  return person.replace(/^[a-z]+:/, "");
}

/** Where an event of a channel shows in the inbox; Shopify's customers write in the widget. */
export function inboxChannel(kind: string): string {
  return kind === "shopify" ? "web" : kind;
}

/** The conversation in which something happened last on a channel. */
export function latestOn(channel: string, inbox: readonly Summary[]): Summary | null {
  const time = ({ updatedAt, lastMessage }: Summary) => Date.parse(lastMessage?.at ?? updatedAt ?? "") || 0;
  const own = inbox.filter((summary) => summary.channel === channel);
  return own.reduce<Summary | null>(
    (best, one) => (best === null || time(one) > time(best) ? one : best),
    null,
  );
}
