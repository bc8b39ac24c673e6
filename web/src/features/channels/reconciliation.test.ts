import { describe, expect, it } from "vitest";
import type { AccountHealth } from "./health";
import { doneLines, isReconcilable, type Reconciliation } from "./reconciliation";

const HEALTH: AccountHealth = {
  state: "ok",
  troubles: [],
  signature: "ok",
  asked: true,
  credentials_good: true,
  subscribed: true,
  missing_fields: [],
  token_expires_at: null,
  detail: "",
  window_hours: 24,
  human_window_hours: null,
  last_event_at: null,
  last_refused_at: null,
  last_sent_at: null,
  last_error: null,
  last_error_at: null,
  checked_at: "2026-11-22T10:00:00Z",
};

const DONE: Reconciliation = {
  reached: true,
  subscribed_again: false,
  renewed: false,
  fetched: 0,
  health: HEALTH,
  topics: [],
  detail: "",
  token_until: null,
  records: null,
};

const NOW = new Date("2026-11-22T10:00:00Z");

function said(done: Partial<Reconciliation>): string[] {
  return doneLines({ ...DONE, ...done }, NOW).map(({ words, tone }) => `${tone} ${words}`);
}

describe("doneLines", () => {
  it("say that nothing had to be done", () => {
    expect(said({})).toEqual([
      "ok Access is good.",
      "ok All events arrive here.",
      "ok No message was missed.",
    ]);
  });

  it("name what was mended and found", () => {
    const lines = said({ subscribed_again: true, renewed: true, fetched: 2 });
    expect(lines).toEqual([
      "ok The token was renewed just now.",
      "ok Events arrive here again; they did not until now.",
      "ok 2 messages that were missed are in the inbox now.",
    ]);
  });

  it("stop at keys that are refused, and at a vendor that is away", () => {
    const refused = { ...HEALTH, credentials_good: false, detail: "code 190" };
    expect(said({ health: refused })).toEqual([
      "bad The vendor does not take our keys (code 190): enter new ones.",
    ]);
    expect(said({ reached: false })).toEqual(["bad The vendor did not answer. Try again later."]);
  });

  it("say what still does not arrive, and why", () => {
    const lacking = { ...HEALTH, missing_fields: ["orders/create"] };
    expect(said({ health: lacking, detail: "access denied" })[1]).toBe(
      "bad These events do not arrive here: orders/create (access denied).",
    );
  });

  it("count the records of a shop by kind", () => {
    const counts = { orders: { read: 4, taken: 1 }, products: { read: 2, refused: 1 }, customers: {} };
    const records = { state: "done" as const, counts, unreadable: ["customers"], error: null };
    expect(said({ records }).slice(2)).toEqual([
      "ok Orders: 1 missed, taken in now.",
      "bad Products: 1 could not be read.",
      "bad Customers: not read, the app has no leave to.",
    ]);
    expect(said({ records: { ...records, state: "running" } }).at(-1)).toMatch(/^plain .*goes on by itself/);
  });
});

describe("isReconcilable", () => {
  it("is so where there is a vendor to be asked, also one that was away", () => {
    const away = [{ code: "vendor_not_reached", mend: "try again" }];
    expect(isReconcilable(HEALTH)).toBe(true);
    expect(isReconcilable({ ...HEALTH, asked: false })).toBe(false);
    expect(isReconcilable({ ...HEALTH, asked: false, troubles: away })).toBe(true);
  });
});
