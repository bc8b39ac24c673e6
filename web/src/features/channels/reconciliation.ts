/** Putting an account in order, as POST /api/channels/accounts/{id}/reconcile/ does it, and what it says was done. */

import { shortDay } from "../format/time";
import { titleWords } from "../format/words";
import { rest } from "../rest/client";
import type { AccountHealth } from "./health";

export type MissedRecords = {
  state: "running" | "done" | "failed";
  counts: Record<string, Record<string, number>>;
  /** The kinds that the token may not read. */
  unreadable: string[];
  error: string | null;
};

export type Reconciliation = {
  reached: boolean;
  subscribed_again: boolean;
  renewed: boolean;
  fetched: number;
  health: AccountHealth;
  topics: string[];
  detail: string;
  token_until: string | null;
  records: MissedRecords | null;
};

export type DoneLine = { words: string; tone: "ok" | "bad" | "plain" };

export async function reconcileAccount(account: string): Promise<Reconciliation> {
  return (await rest(`/api/channels/accounts/${account}/reconcile/`, { method: "POST" })) as Reconciliation;
}

/** Whether the vendor of an account can be asked anything at all. */
export function isReconcilable(health: AccountHealth): boolean {
  return health.asked || health.troubles.some(({ code }) => code === "vendor_not_reached");
}

/** What was done about an account, a line each about access, webhooks, and what was missed. */
export function doneLines(done: Reconciliation, now: Date): DoneLine[] {
  if (!done.reached) return [{ words: "The vendor did not answer. Try again later.", tone: "bad" }];
  const access = accessLines(done, now);
  if (done.health.credentials_good === false) return access;
  return [
    ...access,
    ...webhookLines(done),
    ...(done.records === null ? [messageLine(done.fetched)] : recordLines(done.records)),
  ];
}

function accessLines({ health, renewed, token_until }: Reconciliation, now: Date): DoneLine[] {
  if (health.credentials_good === false) {
    const why = health.detail === "" ? "" : ` (${health.detail})`;
    return [{ words: `The vendor does not take our keys${why}: enter new ones.`, tone: "bad" }];
  }
  const until = token_until ?? health.token_expires_at;
  const end = until === null ? "" : `, good until ${shortDay(until, now)}`;
  if (renewed) return [{ words: `The token was renewed just now${end}.`, tone: "ok" }];
  return health.credentials_good === null ? [] : [{ words: `Access is good${end}.`, tone: "ok" }];
}

function webhookLines({ health, subscribed_again, topics, detail }: Reconciliation): DoneLine[] {
  if (health.subscribed === null) return [];
  if (!health.subscribed || health.missing_fields.length > 0) {
    const lacking = health.missing_fields.join(", ") || "all of them";
    const why = detail === "" ? "" : ` (${detail})`;
    return [{ words: `These events do not arrive here: ${lacking}${why}.`, tone: "bad" }];
  }
  if (topics.length > 0) {
    return [{ words: `Webhooks that were missing are subscribed again: ${topics.join(", ")}.`, tone: "ok" }];
  }
  const words = subscribed_again
    ? "Events arrive here again; they did not until now."
    : "All events arrive here.";
  return [{ words, tone: "ok" }];
}

function messageLine(fetched: number): DoneLine {
  if (fetched === 0) return { words: "No message was missed.", tone: "ok" };
  const what = fetched === 1 ? "1 message that was missed is" : `${fetched} messages that were missed are`;
  return { words: `${what} in the inbox now.`, tone: "ok" };
}

const COUNTED = [
  ["taken", "missed, taken in now"],
  ["removed", "gone at the vendor, removed now"],
  ["refused", "could not be read"],
] as const;

function recordLines({ state, counts, unreadable, error }: MissedRecords): DoneLine[] {
  if (state === "running") {
    return [{ words: "Records are still being looked through; it goes on by itself.", tone: "plain" }];
  }
  if (state === "failed") return [{ words: `Records: stopped${error ? `: ${error}` : ""}.`, tone: "bad" }];
  return Object.entries(counts).map(([kind, of]) => {
    if (unreadable.includes(kind)) {
      return { words: `${titleWords(kind)}: not read, the app has no leave to.`, tone: "bad" };
    }
    const found = COUNTED.flatMap(([name, said]) => (of[name] ? [`${of[name]} ${said}`] : []));
    const words = `${titleWords(kind)}: ${found.join("; ") || "nothing was missed"}.`;
    return { words, tone: of.refused ? "bad" : "ok" };
  });
}
