/** A conversation in short, as GET /api/conversations/{id}/summary/ has it: from the records, never composed. */

import { queryOptions } from "@tanstack/react-query";
import { plainWords, titleWords } from "../format/words";
import { rest } from "../rest/client";

export type Wish = { at: string; intent: string; meaning: string; order: string | null; act: string | null };
export type Told = { at: string; fact: string; text: string; promise: boolean };

export type Digest = {
  wishes: Wish[];
  orders: string[];
  told: Told[];
  mood: string | null;
  trend: "falling" | "steady" | "rising";
  handoff_reason: string | null;
  unanswered_since: string | null;
};

/** `length`: how much was said, so that the summary is read again when there is more. */
export function digestQuery(conversation: string, length: number) {
  return queryOptions({
    queryKey: ["summary", conversation, length],
    queryFn: async ({ signal }) =>
      (await rest(`/api/conversations/${conversation}/summary/`, { signal })) as Digest,
  });
}

const ACTS: Readonly<Record<string, string>> = {
  answer: "answered",
  ask: "asked back",
  handoff: "handed to a person",
};

/** What became of a wish, in words. */
export function actWords(act: string | null): string {
  return act === null ? "open" : (ACTS[act] ?? plainWords(act));
}

/** "order.arrives" -> "Order arrives"; numbers among several of a kind say nothing here. */
export function factWords(fact: string): string {
  return titleWords(
    fact
      .split(".")
      .filter((part) => !/^\d+$/.test(part))
      .join(" "),
  );
}

const TRENDS = { falling: ", getting worse", steady: "", rising: ", getting better" };

export function moodWords(digest: Digest): string | null {
  return digest.mood === null ? null : `${titleWords(digest.mood)}${TRENDS[digest.trend]}`;
}

/** Whether there is anything to tell. */
export function isEmptyDigest({ wishes, told, orders }: Digest): boolean {
  return wishes.length === 0 && told.length === 0 && orders.length === 0;
}
