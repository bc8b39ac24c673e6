/** How a shop wants its conversations handled, as GET and PATCH /api/settings/ have it. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type Rules = {
  double_texting: "merge" | "queue";
  handoff_timeout: "tell" | "resume";
  handoff_timeout_s: number;
  handoff_timeout_text: string;
  reopen_within_h: number;
  ask_csat: boolean;
  disclosure: boolean | Record<string, boolean>;
  disclosure_text: string;
  disclosure_gap_h: number;
};

const SETTINGS = "/api/settings/";
export const TEXT_CHARS = 1000;
const MOST_HOURS = 24 * 365;
const MOST_MINUTES = 7 * 24 * 60;

export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: async ({ signal }) => (await rest(SETTINGS, { signal })) as Rules,
});

export async function changeRules(change: Partial<Rules>): Promise<Rules> {
  return (await rest(SETTINGS, { method: "PATCH", body: change })) as Rules;
}

/** The rules as a form holds them: numbers as they are typed. */
export type RulesDraft = Omit<Rules, "handoff_timeout_s" | "reopen_within_h" | "disclosure_gap_h"> & {
  handoff_minutes: string;
  reopen_hours: string;
  gap_hours: string;
};

/** At most two digits behind the point, none when they say nothing. */
function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

export function draftOf(rules: Rules): RulesDraft {
  const { handoff_timeout_s, reopen_within_h, disclosure_gap_h, ...same } = rules;
  return {
    ...same,
    handoff_minutes: short(handoff_timeout_s / 60),
    reopen_hours: short(reopen_within_h),
    gap_hours: short(disclosure_gap_h),
  };
}

type Range = { least: number; most: number; unit: string };

const RANGES: Record<"handoff_minutes" | "reopen_hours" | "gap_hours", Range> = {
  handoff_minutes: { least: 0.02, most: MOST_MINUTES, unit: "minutes" },
  reopen_hours: { least: 0, most: MOST_HOURS, unit: "hours" },
  gap_hours: { least: 0, most: MOST_HOURS, unit: "hours" },
};

export type Problems = Partial<Record<keyof RulesDraft, string>>;

/** What keeps a draft from being saved, by its field. */
export function draftProblems(draft: RulesDraft): Problems {
  const problems: Problems = {};
  for (const name of ["handoff_minutes", "reopen_hours", "gap_hours"] as const) {
    const { least, most, unit } = RANGES[name];
    const value = Number(draft[name]);
    if (draft[name].trim() === "" || !Number.isFinite(value)) problems[name] = `A number of ${unit}.`;
    else if (value < least || value > most) {
      problems[name] = `Between ${least} and ${most.toLocaleString("en")} ${unit}.`;
    }
  }
  for (const name of ["handoff_timeout_text", "disclosure_text"] as const) {
    const length = [...draft[name].trim()].length;
    if (length === 0) problems[name] = "Customers would get an empty message.";
    else if (length > TEXT_CHARS) problems[name] = `At most ${TEXT_CHARS} characters.`;
  }
  return problems;
}

function rulesOf(draft: RulesDraft, before: Rules): Rules {
  const { handoff_minutes, reopen_hours, gap_hours, ...same } = draft;
  const shown = draftOf(before);
  // A number that nobody touched keeps the digits that the form does not show.
  const kept = (now: string, then: string, value: number, factor = 1) =>
    now === then ? value : Number(now) * factor;
  return {
    ...same,
    handoff_timeout_s: kept(handoff_minutes, shown.handoff_minutes, before.handoff_timeout_s, 60),
    reopen_within_h: kept(reopen_hours, shown.reopen_hours, before.reopen_within_h),
    disclosure_gap_h: kept(gap_hours, shown.gap_hours, before.disclosure_gap_h),
  };
}

/** What a draft changes; empty when nothing. */
export function draftChanges(draft: RulesDraft, before: Rules): Partial<Rules> {
  const after = rulesOf(draft, before);
  const names = Object.keys(after) as (keyof Rules)[];
  const changed = names.filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name]]));
}

/** The rules as they were, for the fields of a change: what takes it back. */
export function backwards(change: Partial<Rules>, before: Rules): Partial<Rules> {
  const names = Object.keys(change) as (keyof Rules)[];
  return Object.fromEntries(names.map((name) => [name, before[name]]));
}

/** Whether customers of a channel are told; those that are not named are. */
export function discloses(disclosure: Rules["disclosure"], channel: string): boolean {
  return typeof disclosure === "boolean" ? disclosure : (disclosure[channel] ?? true);
}

/** The disclosure with one channel changed; one value when all `channels` have it. */
export function withDisclosure(
  disclosure: Rules["disclosure"],
  channels: readonly string[],
  channel: string,
  on: boolean,
): Rules["disclosure"] {
  const named = typeof disclosure === "boolean" ? {} : disclosure;
  const all = new Set([...channels, ...Object.keys(named)]);
  const each = Object.fromEntries(
    [...all].map((name) => [name, name === channel ? on : discloses(disclosure, name)]),
  );
  const values = new Set(Object.values(each));
  return values.size === 1 ? on : each;
}
