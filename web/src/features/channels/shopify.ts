/** Installing the app in a Shopify shop, and how far its records have come. */

import { queryOptions } from "@tanstack/react-query";
import { titleWords } from "../format/words";
import { RestError, rest } from "../rest/client";

export type SyncProgress = {
  account: string;
  status: "running" | "done" | "failed";
  /** Where the walk is: customers, products, then orders. */
  kind: string;
  phase: string;
  counts: Record<string, Record<string, number>>;
  started_at: string;
  due_at: string;
  finished_at: string | null;
  error: string | null;
};

const INSTALL = "/api/channels/shopify/install/";
const RUNNING_MS = 2000;
const RESTING_MS = 30_000;
const NOT_THERE = 404;

export const syncQuery = queryOptions({
  queryKey: ["shopify-sync"],
  queryFn: async ({ signal }) => {
    try {
      return (await rest("/api/channels/shopify/sync/", { signal })) as SyncProgress[];
    } catch (error) {
      // An older server has no such thing to tell.
      if (error instanceof RestError && error.status === NOT_THERE) return [];
      throw error;
    }
  },
  refetchInterval: ({ state }) =>
    state.data?.some(({ status }) => status === "running") ? RUNNING_MS : RESTING_MS,
});

export async function beginSync(account: string, full: boolean): Promise<SyncProgress> {
  const path = `/api/channels/accounts/${account}/sync/`;
  return (await rest(path, { method: "POST", body: { full } })) as SyncProgress;
}

const SUFFIX = ".myshopify.com";

/** "Name", "name.myshopify.com" or an address with it -> "name.myshopify.com"; null when it cannot be one. */
export function shopDomain(typed: string): string | null {
  const host = typed
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "");
  const name = host.endsWith(SUFFIX) ? host.slice(0, -SUFFIX.length) : host;
  return /^[a-z0-9][a-z0-9-]*$/.test(name) ? name + SUFFIX : null;
}

/** Where the browser has to go for the approval at Shopify. Raises RestError when the server cannot begin. */
export async function installAddress(domain: string): Promise<string> {
  const address = `${INSTALL}?${new URLSearchParams({ shop: domain })}`;
  // What would go on to Shopify is left to the browser's own navigation.
  const answer = await fetch(address, { redirect: "manual", credentials: "same-origin" });
  if (answer.type === "opaqueredirect") return address;
  const body = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new RestError(answer.status, body.detail ?? `The server answered with ${answer.status}.`);
}

const KINDS = ["customers", "products", "orders"];

export type SyncLine = { kind: string; title: string; read: number; state: "done" | "running" | "waiting" };

/** The kinds of records in the order of the walk, each with how many were read. */
export function syncLines(progress: SyncProgress): SyncLine[] {
  const known = KINDS.includes(progress.kind) ? KINDS : [...KINDS, progress.kind];
  const at = known.indexOf(progress.kind);
  return known.map((kind, index) => {
    const reached = index < at ? "done" : index === at ? "running" : "waiting";
    const state = progress.status === "done" ? "done" : reached;
    return { kind, title: titleWords(kind), read: progress.counts[kind]?.read ?? 0, state };
  });
}
