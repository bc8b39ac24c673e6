/** The four figures above the charts, from the three statistics of two periods (pure). */

import { titleWords } from "../format/words";
import type { Figure } from "./figure-card";
import { changePercent, type Stats, sum } from "./stats";

export type Insights = { intents: Stats; sentiments: Stats; channels: Stats };

const NO_DATA = "None yet";

function countOf(stats: Stats, label: string): number {
  return stats.counts.find((item) => item.label === label)?.count ?? 0;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 100);
}

function trendOf(stats: Stats, label: string): number[] {
  return stats.series.map(({ counts }) => counts[label] ?? 0);
}

function moodFigure(title: string, label: string, good: "up" | "down", now: Stats, before: Stats): Figure {
  if (now.total === 0) return { title, value: NO_DATA, change: null, unit: "points", trend: [] };
  const value = share(countOf(now, label), now.total);
  const change = before.total === 0 ? null : value - share(countOf(before, label), before.total);
  const trend = now.series.map(({ counts }) => share(counts[label] ?? 0, sum(counts)));
  return { title, value: `${value} %`, change, unit: "points", good, trend };
}

function topFigure(title: string, now: Stats, before: Stats): Figure {
  const top = now.counts[0];
  if (top === undefined) return { title, value: NO_DATA, change: null, unit: "%", trend: [] };
  return {
    title,
    value: titleWords(top.label),
    detail: `${share(top.count, now.total)} %`,
    change: changePercent(top.count, countOf(before, top.label)),
    unit: "%",
    trend: trendOf(now, top.label),
  };
}

export function insightFigures(now: Insights, before: Insights): Figure[] {
  return [
    {
      title: "Customer messages",
      value: now.channels.total.toLocaleString(),
      change: changePercent(now.channels.total, before.channels.total),
      unit: "%",
      trend: now.channels.series.map(({ counts }) => sum(counts)),
    },
    moodFigure("Pleased", "positive", "up", now.sentiments, before.sentiments),
    moodFigure("Upset", "negative", "down", now.sentiments, before.sentiments),
    topFigure("Most asked", now.intents, before.intents),
  ];
}
