import { describe, expect, it } from "vitest";
import {
  axisTop,
  changePercent,
  lastDays,
  periodBefore,
  readStats,
  seriesCsv,
  statsPath,
  withEmptyBuckets,
} from "./stats";

describe("readStats", () => {
  const expected = {
    total: 10,
    counts: [
      { label: "returns", count: 7 },
      { label: "order_status", count: 3 },
    ],
    series: [
      { at: "2026-11-20T00:00:00Z", counts: { returns: 4, order_status: 1 } },
      { at: "2026-11-21T00:00:00Z", counts: { returns: 3, order_status: 2 } },
    ],
  };

  it("reads counts as an object and whole buckets", () => {
    expect(
      readStats({
        counts: { order_status: 3, returns: 7 },
        series: [
          { at: "2026-11-21T00:00:00Z", counts: { returns: 3, order_status: 2 } },
          { at: "2026-11-20T00:00:00Z", counts: { returns: 4, order_status: 1 } },
        ],
      }),
    ).toEqual(expected);
  });

  it("reads counts as a list and buckets of one label each", () => {
    expect(
      readStats({
        counts: [
          { intent: "order_status", count: 3 },
          { intent: "returns", count: 7 },
        ],
        series: [
          { bucket: "2026-11-20T00:00:00Z", intent: "returns", count: 4 },
          { bucket: "2026-11-20T00:00:00Z", intent: "order_status", count: 1 },
          { bucket: "2026-11-21T00:00:00Z", intent: "returns", count: 3 },
          { bucket: "2026-11-21T00:00:00Z", intent: "order_status", count: 2 },
        ],
      }),
    ).toEqual(expected);
  });

  it.each([null, [], "no", {}, { counts: 3, series: {} }])("is empty for %j", (answer) => {
    expect(readStats(answer)).toEqual({ total: 0, counts: [], series: [] });
  });
});

describe("periods", () => {
  const now = new Date("2026-11-22T12:00:00Z");

  it("compare with the same length before", () => {
    const week = lastDays(7, now);
    const before = periodBefore(week);
    expect(before.to).toEqual(week.from);
    expect(before.from.toISOString()).toBe("2026-11-08T12:00:00.000Z");
    expect(lastDays(1, now).interval).toBe("hour");
    expect(week.interval).toBe("day");
  });

  it("are asked for by URL", () => {
    expect(statsPath("intent_stats", lastDays(7, now))).toBe(
      "/api/analytics/intent_stats/?from=2026-11-15T12%3A00%3A00.000Z&to=2026-11-22T12%3A00%3A00.000Z&interval=day",
    );
  });

  it("tell no change where there was nothing before", () => {
    expect(changePercent(5, 0)).toBeNull();
    expect(changePercent(15, 10)).toBe(50);
    expect(changePercent(5, 10)).toBe(-50);
  });
});

describe("withEmptyBuckets", () => {
  it("has one bucket per interval, so that a quiet day shows as one", () => {
    const period = lastDays(3, new Date("2026-11-22T12:00:00Z"));
    const stats = readStats({
      counts: { web: 3 },
      series: [
        { at: "2026-11-20T00:00:00Z", counts: { web: 1 } },
        { at: "2026-11-22T00:00:00Z", counts: { web: 2 } },
      ],
    });
    const filled = withEmptyBuckets(stats, period).series;
    expect(filled.map(({ at }) => at.slice(0, 10))).toEqual([
      "2026-11-19",
      "2026-11-20",
      "2026-11-21",
      "2026-11-22",
    ]);
    expect(filled.map(({ counts }) => counts.web ?? 0)).toEqual([0, 1, 0, 2]);
  });

  it("goes by the hour for one day", () => {
    expect(
      withEmptyBuckets(readStats({}), lastDays(1, new Date("2026-11-22T12:30:00Z"))).series,
    ).toHaveLength(25);
  });
});

describe("seriesCsv", () => {
  it("quotes what needs it and lets no cell run as a formula", () => {
    const stats = readStats({
      counts: { 'a,"b"': 1, "=1+1": 2 },
      series: [{ at: "2026-11-20", counts: { 'a,"b"': 1, "=1+1": 2 } }],
    });
    expect(seriesCsv(stats)).toBe('at,\'=1+1,"a,""b"""\r\n2026-11-20,2,1');
  });
});

describe("axisTop", () => {
  it.each([
    [0, 4],
    [4, 4],
    [5, 5],
    [9, 10],
    [11, 20],
    [37, 40],
    [41, 50],
    [100, 100],
    [801, 1000],
  ])("of %i is %i", (highest, top) => {
    expect(axisTop(highest)).toBe(top);
  });
});
