import { describe, expect, it } from "vitest";
import { actWords, type Digest, factWords, isEmptyDigest, moodWords } from "./digest";

const DIGEST: Digest = {
  wishes: [],
  orders: [],
  told: [],
  mood: "negative",
  trend: "falling",
  handoff_reason: null,
  unanswered_since: null,
};

describe("a summary", () => {
  it("names facts and what became of wishes as people say it", () => {
    expect(factWords("order.arrives")).toBe("Order arrives");
    expect(factWords("product.1.restock")).toBe("Product restock");
    expect(actWords(null)).toBe("open");
    expect(actWords("handoff")).toBe("handed to a person");
    expect(actWords("offer_choice")).toBe("offer choice");
  });

  it("tells the mood with its direction", () => {
    expect(moodWords(DIGEST)).toBe("Negative, getting worse");
    expect(moodWords({ ...DIGEST, mood: "neutral", trend: "steady" })).toBe("Neutral");
    expect(moodWords({ ...DIGEST, mood: null })).toBeNull();
  });

  it("knows when there is nothing to tell", () => {
    expect(isEmptyDigest(DIGEST)).toBe(true);
    expect(isEmptyDigest({ ...DIGEST, orders: ["#1042"] })).toBe(false);
  });
});
