import { describe, expect, it } from "vitest";
import { channels, reasons, steps } from "./recommendations";

describe("recommendations", () => {
  it("are told as parts of what was shown, finely where they are small", () => {
    expect(steps({ shown: 200, clicked: 50, ordered: 3 }).map(({ part }) => part)).toEqual([
      "",
      "25 %",
      "1.5 %",
    ]);
    expect(steps({ shown: 3, clicked: 0, ordered: 0 })[1]?.part).toBe("0 %");
    expect(steps({ shown: 0, clicked: 0, ordered: 0 }).map(({ part }) => part)).toEqual(["", "", ""]);
  });

  it("are compared by the reason that was given", () => {
    const rows = reasons({
      total: { shown: 30, clicked: 6, ordered: 1 },
      by_reason: {
        bought_together: { shown: 10, clicked: 5, ordered: 1 },
        matches_question: { shown: 20, clicked: 1, ordered: 0 },
      },
      by_channel: {},
      attribution_days: 7,
    });
    expect(rows.map(({ name, part }) => `${name} ${part}`)).toEqual([
      "Matches question 5.0 %",
      "Bought together 50 %",
    ]);
  });

  it("are compared by the channel they were shown on", () => {
    const rows = channels({
      total: { shown: 30, clicked: 6, ordered: 1 },
      by_reason: {},
      by_channel: {
        whatsapp: { shown: 10, clicked: 5, ordered: 1 },
        web: { shown: 20, clicked: 1, ordered: 0 },
      },
      attribution_days: 7,
    });
    expect(rows.map(({ name, clicked }) => `${name} ${clicked}`)).toEqual(["Website 1", "WhatsApp 5"]);
  });
});
