/** Versions of the models and how they fare beside the active one, as /api/models/ has it. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type Scores = Record<string, number>;

export type Version = {
  id: string | null;
  version: string;
  status: "candidate" | "active" | "retired" | "withdrawn";
  scores: Scores;
  added_at: string | null;
  activated_at: string | null;
  activated_by: string | null;
};

export type TaskVersions = { task: string; active: string; pinned: boolean; versions: Version[] };

export type Models = { changeable: boolean; tasks: TaskVersions[] };

export type Shortfall = { score: string; active: number; candidate: number };

export type Evaluation = {
  id: string;
  task: string;
  candidate: string;
  against: string;
  status: "running" | "done" | "failed";
  candidate_scores: Scores;
  against_scores: Scores;
  worse: Shortfall[];
  error: string | null;
};

const EVALUATIONS = "/api/models/evaluations/";
const POLL_MS = 3000;

export const versionsQuery = queryOptions({
  queryKey: ["model-versions"],
  queryFn: async ({ signal }) => (await rest("/api/models/versions/", { signal })) as Models,
});

/** The latest evaluations; asked again while one is under way. */
export const evaluationsQuery = queryOptions({
  queryKey: ["model-evaluations"],
  queryFn: async ({ signal }) => {
    const answer = await rest(`${EVALUATIONS}?limit=100`, { signal });
    return (answer as { evaluations: Evaluation[] }).evaluations;
  },
  refetchInterval: ({ state }) => (state.data?.some(({ status }) => status === "running") ? POLL_MS : false),
});

export function evaluate(task: string, version: string): Promise<unknown> {
  return rest(EVALUATIONS, { method: "POST", body: { task, version } });
}

export function promote(task: string, version: string, anyway: boolean): Promise<unknown> {
  return rest("/api/models/promote/", { method: "POST", body: { task, version, anyway } });
}

export function rollBack(task: string): Promise<unknown> {
  return rest("/api/models/rollback/", { method: "POST", body: { task } });
}

/** The newest evaluation of a version beside the one that is active now; the newest come first. */
export function besideActive(
  { task, active }: TaskVersions,
  version: string,
  evaluations: readonly Evaluation[],
): Evaluation | null {
  const own = evaluations.find(
    (one) => one.task === task && one.candidate === version && one.against === active,
  );
  return own ?? null;
}

export type Figure = { score: string; active: string; candidate: string; worse: boolean };

/** The scores of an evaluation side by side, those in which the candidate falls short marked. */
export function figures({ candidate_scores, against_scores, worse }: Evaluation): Figure[] {
  const short = new Set(worse.map(({ score }) => score));
  return Object.entries(against_scores).map(([score, value]) => ({
    score: scoreWords(score),
    active: figureWords(value),
    candidate: figureWords(candidate_scores[score]),
    worse: short.has(score),
  }));
}

export function scoreWords(score: string): string {
  const words = score.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function figureWords(value: number | undefined): string {
  if (value === undefined) return "–";
  return Number.isInteger(value) && value > 1 ? value.toLocaleString() : value.toFixed(3);
}
