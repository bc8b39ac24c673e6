import { describe, expect, it } from "vitest";
import { type AccountHealth, healthFacts, hoursWords } from "./health";

const HEALTH: AccountHealth = {
  state: "ok",
  troubles: [],
  signature: "ok",
  asked: true,
  credentials_good: true,
  subscribed: null,
  missing_fields: [],
  token_expires_at: null,
  detail: "",
  window_hours: 24,
  human_window_hours: 168,
  last_event_at: null,
  last_refused_at: null,
  last_sent_at: null,
  last_error: null,
  last_error_at: null,
  checked_at: "2026-11-22T12:00:00Z",
};

describe("healthFacts", () => {
  it("leave out what the vendor does not tell", () => {
    expect(healthFacts(HEALTH).map(({ name }) => name)).toEqual(["Credentials", "Signature", "Answers"]);
  });

  it("name what is wrong", () => {
    const bad = {
      ...HEALTH,
      credentials_good: false,
      subscribed: true,
      missing_fields: ["messages", "standby"],
    };
    const facts = Object.fromEntries(
      healthFacts(bad).map(({ name, words, tone }) => [name, `${words} ${tone}`]),
    );
    expect(facts.Credentials).toBe("refused bad");
    expect(facts.Subscription).toBe("in place ok");
    expect(facts["Fields missing"]).toBe("messages, standby bad");
  });

  it("tell people's longer window beside everybody's", () => {
    expect(healthFacts(HEALTH).at(-1)?.words).toBe("24 hours after the last message, by people 7 days");
    expect(healthFacts({ ...HEALTH, human_window_hours: 24 }).at(-1)?.words).toBe(
      "24 hours after the last message",
    );
  });
});

describe("hoursWords", () => {
  it("count days where they are whole", () => {
    expect([1, 24, 48, 50].map(hoursWords)).toEqual(["1 hour", "24 hours", "2 days", "50 hours"]);
  });
});
