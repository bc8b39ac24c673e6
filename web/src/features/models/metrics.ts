/** What was measured of the models, day by day, as GET /api/analytics/model_metrics/ has it. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type Metric = { task: string; model: string; metric: string; value: number; at: string };

const DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

export const metricsQuery = queryOptions({
  queryKey: ["model-metrics"],
  queryFn: async ({ signal }) => {
    const query = new URLSearchParams({ from: new Date(Date.now() - DAYS * DAY_MS).toISOString() });
    const answer = await rest(`/api/analytics/model_metrics/?${query}`, { signal });
    return (answer as { metrics: Metric[] }).metrics;
  },
});

export type Figure = {
  metric: string;
  title: string;
  /** What it says of the last day measured, in words. */
  words: string;
  hint: string;
  tone: "plain" | "warn" | "bad";
  trend: number[];
};

export type TaskReport = {
  task: string;
  title: string;
  about: string;
  /** The version in use when it was measured last; null before that. */
  model: string | null;
  at: string | null;
  figures: Figure[];
};

/** 0.25 and more is a clear change, 0.1 one to look at: the usual reading of a population stability index. */
const DRIFT = { clear: 0.25, slight: 0.1 };
const MANY_CORRECTED = 0.1;

type Reading = {
  title: string;
  hint: string;
  words: (value: number) => string;
  tone: (value: number) => Figure["tone"];
};

const percent = (value: number) => `${Math.round(value * 100)} %`;
const plain = () => "plain" as const;

const READINGS: Readonly<Record<string, Reading>> = {
  messages: {
    title: "Messages",
    hint: "Customer messages of that day.",
    words: (value) => value.toLocaleString(),
    tone: plain,
  },
  confidence: {
    title: "Confidence",
    hint: "How sure the model was, on average.",
    words: percent,
    tone: plain,
  },
  drift: {
    title: "Drift",
    hint: "How far that day's questions differ from the weeks before.",
    words: (value) => {
      const name = value >= DRIFT.clear ? "clear" : value >= DRIFT.slight ? "slight" : "none";
      return `${name} (${value.toFixed(2)})`;
    },
    tone: (value) => (value >= DRIFT.clear ? "bad" : value >= DRIFT.slight ? "warn" : "plain"),
  },
  corrected: {
    title: "Corrected",
    hint: "Messages whose intent a person put right.",
    words: percent,
    tone: (value) => (value >= MANY_CORRECTED ? "warn" : "plain"),
  },
  answers: {
    title: "Answers",
    hint: "Answers of the assistant on that day.",
    words: (value) => value.toLocaleString(),
    tone: plain,
  },
  liked: {
    title: "Liked",
    hint: "Thumbs up among all thumbs.",
    words: percent,
    tone: (value) => (value < 0.5 ? "warn" : "plain"),
  },
};

const TASKS = [
  { task: "intent", title: "What is asked", about: "Sorts messages by what the customer wants." },
  { task: "sentiment", title: "Mood", about: "Tells upset customers from happy ones." },
  { task: "responder", title: "Answers", about: "Writes the answers from the shop's records." },
] as const;

/** The measured values as one report per model, each figure with its days in order. */
export function taskReports(metrics: readonly Metric[]): TaskReport[] {
  const ordered = [...metrics].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return TASKS.map(({ task, title, about }) => {
    const own = ordered.filter((one) => one.task === task);
    const last = own.at(-1) ?? null;
    const figures = Object.entries(READINGS).flatMap(([metric, reading]): Figure[] => {
      const values = own.filter((one) => one.metric === metric).map(({ value }) => value);
      const value = values.at(-1);
      if (value === undefined) return [];
      const { hint, words, tone } = reading;
      return [{ metric, title: reading.title, words: words(value), hint, tone: tone(value), trend: values }];
    });
    return { task, title, about, model: last?.model ?? null, at: last?.at ?? null, figures };
  });
}

/** A version as people can tell it apart: names as they are, hashes by their beginning. */
export function versionWords(model: string): string {
  return /^[0-9a-f]{16,}$/.test(model) ? model.slice(0, 12) : model;
}
