import { describe, expect, it } from "vitest";
import { money } from "./money";
import { dayLine, shortDay } from "./time";
import { channelName, plainWords, titleWords } from "./words";

describe("money", () => {
  it("reads a number in the minor unit of its currency and a string as it is", () => {
    expect(money(12900, "EUR")).toContain("129.00");
    expect(money(500, "JPY")).toContain("500");
    expect(money("74.00", "EUR")).toContain("74.00");
  });

  it("shows the record when the currency or amount is odd", () => {
    expect(money(5, "Gold coins")).toBe("5 Gold coins");
    expect(money("about 5", "EUR")).toBe("about 5 EUR");
  });
});

describe("days", () => {
  const now = new Date(2026, 10, 22, 0, 30);
  const on = (year: number, month: number, day: number) => new Date(year, month, day, 12).toISOString();

  it("are named by the calendar, not by 24 hours", () => {
    expect(dayLine(new Date(2026, 10, 21, 23, 50).toISOString(), now)).toBe("Yesterday");
    expect(dayLine(new Date(2026, 10, 22, 0, 10).toISOString(), now)).toBe("Today");
    expect(dayLine(null, now)).toBe("");
  });

  it("carry the year when it is another one", () => {
    expect(shortDay(on(2025, 9, 2), now)).toContain("2025");
    expect(shortDay(on(2026, 9, 2), now)).not.toContain("2026");
  });
});

describe("words", () => {
  it("turn labels and channels into what people say", () => {
    expect(plainWords("order_status")).toBe("order status");
    expect(titleWords("order_status")).toBe("Order status");
    expect(channelName("whatsapp")).toBe("WhatsApp");
    expect(channelName("carrier_pigeon")).toBe("carrier pigeon");
    expect(channelName(null)).toBe("Website");
  });
});
