import { describe, expect, it } from "vitest";
import { isAnswering, readSummary, type Summary } from "./summary";

describe("readSummary", () => {
  it("reads every field of a full summary", () => {
    const summary = readSummary({
      id: "c1",
      channel: "whatsapp",
      status: "open",
      controller: "agent",
      epoch: 3,
      seq: 17,
      customer: { id: "cust_42", name: "Ana Demo", verified: true },
      assignee: { id: "u1", name: "Ada" },
      last_message: { sender: "customer", text: "hello", at: "2026-11-22T10:00:00Z" },
      waiting_since: "2026-11-22T10:00:00Z",
      sentiment: "negative",
      intent: "order_status",
      unread: 2,
      answering: true,
      priority: "high",
      labels: ["vip"],
    });
    expect(summary).toMatchObject({
      id: "c1",
      controller: "agent",
      seq: 17,
      assignee: { id: "u1", name: "Ada" },
      lastMessage: { sender: "customer", text: "hello" },
      waitingSince: "2026-11-22T10:00:00Z",
      sentiment: "negative",
      unread: 2,
      answering: true,
    });
  });

  it("fills in what is missing and takes both forms of a label, a sender and an assignee", () => {
    expect(readSummary({ id: "c1" })).toMatchObject({
      status: "open",
      controller: "bot",
      customer: { name: "Visitor", verified: false },
      assignee: null,
      lastMessage: null,
      waitingSince: null,
      unread: 0,
      answering: false,
      labels: [],
    });
    const other = readSummary({
      id: "c1",
      assignee: "u7",
      sentiment: { label: "positive", score: 0.9 },
      last_message: { sender: { kind: "bot" }, text: "hi", at: "" },
    });
    expect(other).toMatchObject({
      assignee: { id: "u7" },
      sentiment: "positive",
      lastMessage: { sender: "bot" },
    });
  });

  it.each([null, 5, "c1", [], {}, { id: "" }, { id: 9 }])("refuses %j", (value) => {
    expect(readSummary(value)).toBeNull();
  });
});

describe("isAnswering", () => {
  const now = Date.parse("2026-11-22T10:01:00Z");
  const asked = (fields: Record<string, unknown> = {}, sender = "customer", at = "2026-11-22T10:00:50Z") =>
    readSummary({
      id: "c1",
      controller: "bot",
      last_message: { sender, text: "?", at },
      ...fields,
    }) as Summary;

  it("holds while the assistant owes an answer, or the server says that one runs", () => {
    expect(isAnswering(asked(), now)).toBe(true);
    expect(isAnswering(asked({ answering: true }, "bot"), now)).toBe(true);
  });

  it("ends with the answer, with a takeover, by closing, and when it takes too long", () => {
    expect(isAnswering(asked({}, "bot"), now)).toBe(false);
    expect(isAnswering(asked({ controller: "agent" }), now)).toBe(false);
    expect(isAnswering(asked({ status: "closed" }), now)).toBe(false);
    expect(isAnswering(asked({}, "customer", "2026-11-22T09:58:00Z"), now)).toBe(false);
  });
});
