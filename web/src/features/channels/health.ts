/** How an account is, as GET /api/channels/accounts/{id}/health/ has it: its vendor is asked, which takes a moment. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";
import type { Tone } from "../ui/chip";

export type HealthState = "ok" | "warning" | "broken" | "off";

export type AccountHealth = {
  state: HealthState;
  troubles: { code: string; mend: string }[];
  signature: "ok" | "refused" | "unseen";
  asked: boolean;
  credentials_good: boolean | null;
  subscribed: boolean | null;
  missing_fields: string[];
  token_expires_at: string | null;
  detail: string;
  window_hours: number | null;
  human_window_hours: number | null;
  last_event_at: string | null;
  last_refused_at: string | null;
  last_sent_at: string | null;
  last_error: string | null;
  last_error_at: string | null;
  checked_at: string;
};

const FRESH_MS = 60_000;

export function healthQuery(account: string) {
  return queryOptions({
    queryKey: ["channel-health", account],
    queryFn: async ({ signal }) =>
      (await rest(`/api/channels/accounts/${account}/health/`, { signal })) as AccountHealth,
    staleTime: FRESH_MS,
  });
}

export const STATE_WORDS: Readonly<Record<HealthState, { words: string; tone: Tone }>> = {
  ok: { words: "works", tone: "ok" },
  warning: { words: "look at this", tone: "warn" },
  broken: { words: "does not work", tone: "bad" },
  off: { words: "switched off", tone: "plain" },
};

export type Fact = { name: string; words: string; tone: "ok" | "bad" | "plain" };

function told(name: string, value: boolean | null, good: string, bad: string): Fact[] {
  if (value === null) return [];
  return [{ name, words: value ? good : bad, tone: value ? "ok" : "bad" }];
}

/** "24 hours", "7 days". */
export function hoursWords(hours: number): string {
  if (hours >= 48 && hours % 24 === 0) return `${hours / 24} days`;
  return hours === 1 ? "1 hour" : `${hours} hours`;
}

/** What is known of an account beside its times: what the vendor told, signature, and how long answers may be sent. */
export function healthFacts(health: AccountHealth): Fact[] {
  const facts: Fact[] = [
    ...told("Credentials", health.credentials_good, "accepted", "refused"),
    ...told("Subscription", health.subscribed, "in place", "missing"),
  ];
  if (health.missing_fields.length > 0) {
    facts.push({ name: "Fields missing", words: health.missing_fields.join(", "), tone: "bad" });
  }
  const signature = { ok: "fits", refused: "does not fit", unseen: "nothing has arrived yet" };
  facts.push({
    name: "Signature",
    words: signature[health.signature],
    tone: health.signature === "refused" ? "bad" : health.signature === "ok" ? "ok" : "plain",
  });
  if (health.window_hours !== null) {
    const people = health.human_window_hours;
    const longer = people !== null && people > health.window_hours ? `, by people ${hoursWords(people)}` : "";
    facts.push({
      name: "Answers",
      words: `${hoursWords(health.window_hours)} after the last message${longer}`,
      tone: "plain",
    });
  }
  return facts;
}
