/** What came of the products shown with answers, as GET /api/analytics/recommendation_stats/ has it. */

import { channelName, titleWords } from "../format/words";
import { rest } from "../rest/client";
import { type Period, statsPath } from "./stats";

export type Counts = { shown: number; clicked: number; ordered: number };

export type RecommendationStats = {
  total: Counts;
  by_reason: Record<string, Counts>;
  by_channel: Record<string, Counts>;
  /** An order counts for a click when it was placed within this many days after it. */
  attribution_days: number;
};

export async function loadRecommendations(period: Period, signal: AbortSignal): Promise<RecommendationStats> {
  return (await rest(statsPath("recommendation_stats", period), { signal })) as RecommendationStats;
}

export type Step = { title: string; count: number; part: string };

function partOf(part: number, whole: number): string {
  if (whole === 0) return "";
  const percent = (part / whole) * 100;
  return `${percent.toFixed(percent > 0 && percent < 10 ? 1 : 0)} %`;
}

/** Shown, opened, ordered: each with its part of what was shown. */
export function steps({ shown, clicked, ordered }: Counts): Step[] {
  return [
    { title: "Shown", count: shown, part: "" },
    { title: "Opened", count: clicked, part: partOf(clicked, shown) },
    { title: "Ordered", count: ordered, part: partOf(ordered, shown) },
  ];
}

export type Row = Counts & { name: string; part: string };

/** The reasons that were given, the one shown most first. */
export function reasons(stats: RecommendationStats): Row[] {
  return rows(stats.by_reason, titleWords);
}

/** Where products were shown, the channel with most first. */
export function channels(stats: RecommendationStats): Row[] {
  return rows(stats.by_channel, channelName);
}

function rows(counted: Record<string, Counts>, words: (name: string) => string): Row[] {
  return Object.entries(counted)
    .map(([name, counts]) => ({ ...counts, name: words(name), part: partOf(counts.clicked, counts.shown) }))
    .sort((a, b) => b.shown - a.shown || a.name.localeCompare(b.name));
}
