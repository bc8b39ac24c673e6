/** Requests of people about their data: read, export and erase. */

import { queryOptions } from "@tanstack/react-query";
import { shortDay } from "../format/time";
import { plainWords, titleWords } from "../format/words";
import { readSummary } from "../inbox/summary";
import { rest } from "../rest/client";

export type PrivacyRequest = {
  id: string;
  kind: string;
  source: string;
  customer: string | null;
  report: Record<string, number>;
  created_at: string;
  due_at: string | null;
  done_at: string | null;
};

export const requestsQuery = queryOptions({
  queryKey: ["privacy-requests"],
  queryFn: async ({ signal }) =>
    ((await rest("/api/privacy/requests/", { signal })) as { requests: PrivacyRequest[] }).requests,
});

/** `channel`: where they wrote last; null for who never wrote. */
export type FoundCustomer = { id: string; name: string; verified: boolean; channel: string | null };

/** Customers whose record, or whose words, hold what is looked for: each once, who wrote last first. */
export function customersQuery(words: string) {
  return queryOptions({
    queryKey: ["privacy-customers", words],
    enabled: words !== "",
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        ["open", "closed"].map(async (status) => {
          const query = new URLSearchParams({ queue: "all", status, q: words });
          const answer = await rest(`/api/conversations/list/?${query}`, { signal });
          return (answer as { conversations: unknown[] }).conversations;
        }),
      );
      return withRecords(distinctCustomers(pages.flat()), await recordsOf(words, signal));
    },
  });
}

/** The customers of conversations, each once. */
export function distinctCustomers(conversations: readonly unknown[]): FoundCustomer[] {
  const found = new Map<string, FoundCustomer>();
  for (const raw of conversations) {
    const summary = readSummary(raw);
    if (summary === null || found.has(summary.customer.id)) continue;
    found.set(summary.customer.id, { ...summary.customer, channel: summary.channel });
  }
  return [...found.values()];
}

type Recorded = { id: string; name: string | null; email: string | null; verified: boolean };
const SHORTEST = 2;

async function recordsOf(words: string, signal: AbortSignal): Promise<Recorded[]> {
  if (words.length < SHORTEST) return [];
  const answer = await rest(`/api/customers/?${new URLSearchParams({ q: words })}`, { signal });
  return (answer as { customers: Recorded[] }).customers;
}

/** Those who wrote, and then those of the records who did not. */
export function withRecords(wrote: FoundCustomer[], records: readonly Recorded[]): FoundCustomer[] {
  const known = new Set(wrote.map(({ id }) => id));
  const others = records
    .filter(({ id }) => !known.has(id))
    .map(({ id, name, email, verified }) => ({
      id,
      name: name ?? email ?? "No name",
      verified,
      channel: null,
    }));
  return [...wrote, ...others];
}

export type ErasureReport = { request: string; rows: Record<string, number> };

export async function eraseCustomer(customer: string): Promise<ErasureReport> {
  return (await rest(`/api/customers/${customer}/erase/`, { method: "POST" })) as ErasureReport;
}

/** All that is held about a customer, as a file's text. */
export async function exportCustomer(customer: string): Promise<string> {
  return JSON.stringify(await rest(`/api/customers/${customer}/export/`), null, 2);
}

const KINDS: Readonly<Record<string, string>> = {
  export: "Export",
  erase: "Customer erased",
  erase_shop: "Whole shop erased",
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? titleWords(kind);
}

/** Whether somebody still has to do something: an export is due. */
export function isOpen(request: PrivacyRequest): boolean {
  return request.done_at === null;
}

export function dueWords(request: PrivacyRequest, now: Date): string {
  if (request.done_at !== null) return `done ${shortDay(request.done_at, now)}`;
  return request.due_at === null ? "open" : `due by ${shortDay(request.due_at, now)}`;
}

/** A report by its tables, the largest number first; tables without rows are left out. */
export function reportRows(rows: Readonly<Record<string, number>>): { table: string; count: number }[] {
  return Object.entries(rows)
    .filter(([, count]) => count > 0)
    .map(([table, count]) => ({ table: plainWords(table), count }))
    .sort((a, b) => b.count - a.count || a.table.localeCompare(b.table));
}
