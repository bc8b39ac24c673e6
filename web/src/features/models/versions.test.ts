import { describe, expect, it } from "vitest";
import { besideActive, type Evaluation, figures, type TaskVersions } from "./versions";

const TASK: TaskVersions = { task: "intent", active: "v1", pinned: false, versions: [] };

function evaluation(changes: Partial<Evaluation>): Evaluation {
  return {
    id: "e1",
    task: "intent",
    candidate: "v2",
    against: "v1",
    status: "done",
    candidate_scores: {},
    against_scores: {},
    worse: [],
    error: null,
    ...changes,
  };
}

describe("besideActive", () => {
  it("takes the newest, and only one beside what is active now", () => {
    const all = [
      evaluation({ id: "other", against: "starter" }),
      evaluation({ id: "mood", task: "sentiment" }),
      evaluation({ id: "newest" }),
      evaluation({ id: "older" }),
    ];
    expect(besideActive(TASK, "v2", all)?.id).toBe("newest");
    expect(besideActive(TASK, "v3", all)).toBeNull();
    expect(besideActive({ ...TASK, active: "v9" }, "v2", all)).toBeNull();
  });
});

describe("figures", () => {
  it("stand side by side, with what is worse marked and what is missing said", () => {
    const shown = figures(
      evaluation({
        against_scores: { texts: 1200, accuracy: 0.95, macro_f1: 0.9 },
        candidate_scores: { texts: 1200, accuracy: 0.8 },
        worse: [{ score: "accuracy", active: 0.95, candidate: 0.8 }],
      }),
    );
    expect(shown).toEqual([
      { score: "Texts", active: (1200).toLocaleString(), candidate: (1200).toLocaleString(), worse: false },
      { score: "Accuracy", active: "0.950", candidate: "0.800", worse: true },
      { score: "Macro f1", active: "0.900", candidate: "–", worse: false },
    ]);
  });
});
