import { describe, expect, it } from "vitest";
import { readSummary } from "./summary";

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
