import { describe, expect, it, test } from "vitest";
import { distinctCustomers, dueWords, isOpen, type PrivacyRequest, reportRows, withRecords } from "./privacy";

const REQUEST: PrivacyRequest = {
  id: "r1",
  kind: "export",
  source: "shopify",
  customer: "c1",
  report: {},
  created_at: "2026-11-01T10:00:00Z",
  due_at: "2026-12-01T10:00:00Z",
  done_at: null,
};
const NOW = new Date("2026-11-22T12:00:00Z");

function conversation(id: string, customer: string, name: string) {
  return {
    id,
    channel: "web",
    status: "open",
    controller: "bot",
    epoch: 0,
    seq: 1,
    customer: { id: customer, name, verified: true },
    updated_at: "2026-11-22T10:00:00Z",
  };
}

describe("requests", () => {
  it("are open until they are done, and say until when", () => {
    expect(isOpen(REQUEST)).toBe(true);
    expect(dueWords(REQUEST, NOW)).toMatch(/^due by .*1/);
    expect(dueWords({ ...REQUEST, done_at: "2026-11-03T10:00:00Z" }, NOW)).toMatch(/^done .*3/);
  });

  it("report the tables that had rows, the most first", () => {
    expect(reportRows({ notes: 0, messages: 4, order_lines: 9 })).toEqual([
      { table: "order lines", count: 9 },
      { table: "messages", count: 4 },
    ]);
  });
});

test("who never wrote is found in the records, and nobody twice", () => {
  const wrote = [{ id: "ana", name: "Ana", verified: true, channel: "web" }];
  const records = [
    { id: "ana", name: "Ana", email: "ana@shop.test", verified: true },
    { id: "cleo", name: null, email: "cleo@shop.test", verified: false },
  ];
  expect(withRecords(wrote, records)).toEqual([
    ...wrote,
    { id: "cleo", name: "cleo@shop.test", verified: false, channel: null },
  ]);
});

describe("distinctCustomers", () => {
  it("names a customer of several conversations once, and skips what cannot be read", () => {
    const found = distinctCustomers([
      conversation("1", "ana", "Ana"),
      null,
      conversation("2", "ben", "Ben"),
      conversation("3", "ana", "Ana"),
    ]);
    expect(found.map(({ id }) => id)).toEqual(["ana", "ben"]);
  });
});
