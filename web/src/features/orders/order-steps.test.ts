import { afterEach, describe, expect, it, vi } from "vitest";
import { orderLine, STEPS, stepsDone } from "./order-steps";

const zone = process.env.TZ;
afterEach(() => {
  process.env.TZ = zone;
});

describe("the steps of an order", () => {
  it("grow from ordered to delivered", () => {
    const states = ["awaiting payment", "processing", "shipped", "delivered"];
    expect(states.map(stepsDone)).toEqual([1, 2, 3, STEPS.length]);
  });

  it("are not shown for an order that goes another way", () => {
    expect(["cancelled", "returned", "refunded", "lost at sea"].map(stepsDone)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it("come with one line that says where it is", () => {
    const now = new Date(2026, 10, 22);
    expect(orderLine("shipped", "2026-11-27", now)).toMatch(/^Shipped, arrives .*27/);
    expect(orderLine("cancelled", null, now)).toBe("Cancelled");
  });

  it("name the same day west of London", async () => {
    process.env.TZ = "America/Los_Angeles";
    vi.resetModules();
    const west = await import("./order-steps");
    expect(west.orderLine("shipped", "2026-11-27", new Date(2026, 10, 22))).toMatch(/27/);
  });
});
