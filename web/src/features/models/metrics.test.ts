import { describe, expect, it } from "vitest";
import { type Metric, taskReports, versionWords } from "./metrics";

function metric(task: string, name: string, value: number, day: number, model = "v1"): Metric {
  return { task, model, metric: name, value, at: `2026-11-${day}T00:00:00Z` };
}

describe("taskReports", () => {
  it("have every model, measured or not", () => {
    const reports = taskReports([]);
    expect(reports.map(({ task }) => task)).toEqual(["intent", "sentiment", "responder"]);
    expect(reports.every(({ figures, model }) => figures.length === 0 && model === null)).toBe(true);
  });

  it("tell the newest day and its version, with the days in order whatever order they came in", () => {
    const [intent] = taskReports([
      metric("intent", "confidence", 0.91, 21, "v2"),
      metric("intent", "confidence", 0.84, 19),
      metric("sentiment", "confidence", 0.5, 20),
    ]);
    expect(intent?.model).toBe("v2");
    expect(intent?.figures.map(({ words, trend }) => [words, trend])).toEqual([["91 %", [0.84, 0.91]]]);
  });

  it("warn of drift in three steps", () => {
    const tone = (value: number) => taskReports([metric("intent", "drift", value, 20)])[0]?.figures[0]?.tone;
    expect([0.05, 0.1, 0.25].map(tone)).toEqual(["plain", "warn", "bad"]);
  });
});

describe("versionWords", () => {
  it("shorten hashes and leave names", () => {
    expect(versionWords("starter")).toBe("starter");
    expect(versionWords("0123456789abcdef0123456789abcdef")).toBe("0123456789ab");
  });
});
