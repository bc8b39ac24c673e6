import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { axisDay, clockTime, shortDay } from "../format/time";
import { channelName } from "../format/words";
import { useInboxWatch } from "../inbox/inbox";
import { errorWords, rest } from "../rest/client";
import { Bone, Failed } from "../ui/states";
import { Bars } from "./bars";
import { Columns, type Series } from "./columns";
import { FigureCard } from "./figure-card";
import { type Insights, insightFigures } from "./figures";
import { QuestionCard } from "./question-card";
import { RecommendationCard } from "./recommendation-card";
import {
  lastDays,
  type Period,
  periodBefore,
  readStats,
  type Stats,
  statsPath,
  withEmptyBuckets,
} from "./stats";

const PERIODS = [
  { days: 1, title: "24 hours" },
  { days: 7, title: "7 days" },
  { days: 30, title: "30 days" },
];
const FRESH_MS = 60_000;

const MOODS: readonly Series[] = [
  { label: "positive", title: "Positive", colour: "var(--ok)" },
  { label: "neutral", title: "Neutral", colour: "color-mix(in srgb, var(--text-3) 60%, transparent)" },
  { label: "negative", title: "Negative", colour: "var(--bad)" },
];
const CHANNEL_COLOURS = ["var(--brand)", "var(--bot)", "var(--ok)", "var(--warn)", "var(--text-3)"];

async function loadStats(name: string, period: Period, signal: AbortSignal): Promise<Stats> {
  return withEmptyBuckets(readStats(await rest(statsPath(name, period), { signal })), period);
}

async function loadInsights(period: Period, signal: AbortSignal): Promise<Insights> {
  const [intents, sentiments, channels] = await Promise.all([
    loadStats("intent_stats", period, signal),
    loadStats("sentiment_stats", period, signal),
    loadStats("channel_stats", period, signal),
  ]);
  return { intents, sentiments, channels };
}

async function loadBoth(period: Period, signal: AbortSignal) {
  const [now, before] = await Promise.all([
    loadInsights(period, signal),
    loadInsights(periodBefore(period), signal),
  ]);
  return { now, before };
}

/** What the shop's customers wrote about, in what mood, and where. */
export function InsightsPage() {
  const [days, setDays] = useState(7);
  useInboxWatch("all");
  const period = useMemo(() => lastDays(days, new Date()), [days]);
  const query = useQuery({
    queryKey: ["insights", days],
    queryFn: ({ signal }) => loadBoth(period, signal),
    staleTime: FRESH_MS,
  });
  return (
    <main className="min-w-0 flex-1 overflow-y-auto bg-sub">
      <div className="mx-auto flex max-w-300 flex-col gap-4 p-4 md:p-6">
        <header className="flex flex-wrap items-center justify-between gap-2">
          <h1 className="text-20 font-semibold">Insights</h1>
          <PeriodSwitch days={days} onChange={setDays} />
        </header>
        {query.isPending && <InsightBones />}
        {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
        {query.data !== undefined && <Charts {...query.data} period={period} days={days} />}
      </div>
    </main>
  );
}

function PeriodSwitch({ days, onChange }: { days: number; onChange: (days: number) => void }) {
  return (
    <fieldset aria-label="Period" className="flex rounded-1 border border-line bg-bg p-0.5">
      {PERIODS.map((period) => (
        <button
          key={period.days}
          type="button"
          aria-pressed={period.days === days}
          onClick={() => onChange(period.days)}
          className="rounded-1 px-3 py-1 text-ink-2 transition-colors hover:text-ink aria-pressed:bg-brand-soft aria-pressed:font-medium aria-pressed:text-brand"
        >
          {period.title}
        </button>
      ))}
    </fieldset>
  );
}

function InsightBones() {
  return (
    <div role="status" aria-label="Loading the figures" className="flex flex-col gap-4">
      <div className="grid grid-cols-2 gap-4 xl:grid-cols-4">
        {["a", "b", "c", "d"].map((key) => (
          <Bone key={key} className="h-28 rounded-2" />
        ))}
      </div>
      <div className="grid gap-4 xl:grid-cols-2">
        <Bone className="h-72 rounded-2" />
        <Bone className="h-72 rounded-2" />
      </div>
    </div>
  );
}

type ChartsProps = { now: Insights; before: Insights; period: Period; days: number };

function Charts({ now, before, period, days }: ChartsProps) {
  const when = (at: string) => (period.interval === "hour" ? clockTime(at) : shortDay(at, period.to));
  const tick = period.interval === "hour" ? clockTime : axisDay;
  const channels = now.channels.counts.slice(0, CHANNEL_COLOURS.length).map(({ label }, index) => ({
    label,
    title: channelName(label),
    colour: CHANNEL_COLOURS[index] ?? "var(--text-3)",
  }));
  return (
    <>
      <div className="grid grid-cols-2 gap-4 xl:grid-cols-4">
        {insightFigures(now, before).map((figure) => (
          <FigureCard key={figure.title} figure={figure} />
        ))}
      </div>
      <div className="grid gap-4 xl:grid-cols-2">
        <QuestionCard question="What do people ask?" file="intents" stats={now.intents} when={when}>
          <Bars counts={now.intents.counts} total={now.intents.total} />
        </QuestionCard>
        <QuestionCard question="How do they feel?" file="sentiments" stats={now.sentiments} when={when}>
          <Columns
            title="Messages by mood over time"
            buckets={now.sentiments.series}
            series={MOODS}
            when={when}
            tick={tick}
          />
        </QuestionCard>
        <QuestionCard wide question="Where do they write?" file="channels" stats={now.channels} when={when}>
          <Columns
            title="Messages by channel over time"
            buckets={now.channels.series}
            series={channels}
            when={when}
            tick={tick}
          />
        </QuestionCard>
        <RecommendationCard period={period} days={days} />
      </div>
    </>
  );
}
