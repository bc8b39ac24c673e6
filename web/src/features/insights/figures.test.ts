import { describe, expect, it } from "vitest";
import { insightFigures } from "./figures";
import { readStats } from "./stats";

const none = readStats({});
const sentiments = (positive: number, negative: number) => readStats({ counts: { positive, negative } });

describe("insightFigures", () => {
  it("compares with the period before, moods in points", () => {
    const now = {
      intents: readStats({ counts: { order_status: 6, returns: 2 } }),
      sentiments: sentiments(3, 1),
      channels: readStats({
        counts: { web: 8 },
        series: [
          { at: "2026-11-20", counts: { web: 3, whatsapp: 1 } },
          { at: "2026-11-21", counts: { web: 5 } },
        ],
      }),
    };
    const before = {
      intents: readStats({ counts: { order_status: 4 } }),
      sentiments: sentiments(1, 1),
      channels: readStats({ counts: { web: 4 } }),
    };
    const [messages, pleased, upset, asked] = insightFigures(now, before);
    expect(messages).toMatchObject({ value: "8", change: 100, trend: [4, 5] });
    expect(pleased).toMatchObject({ value: "75 %", change: 25, unit: "points", good: "up" });
    expect(upset).toMatchObject({ value: "25 %", change: -25, good: "down" });
    expect(asked).toMatchObject({ value: "Order status", detail: "75 %", change: 50 });
  });

  it("claims no change where a period is empty", () => {
    const empty = { intents: none, sentiments: none, channels: none };
    for (const figure of insightFigures(empty, empty)) expect(figure.change).toBeNull();
    expect(insightFigures(empty, empty)[3]).toMatchObject({ value: "None yet" });
  });
});
