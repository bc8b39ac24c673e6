import { describe, expect, it } from "vitest";
import { type Inbox, matchRows, mergeAll, mergeSummary, neighbour, queueCounts, queueRows } from "./queue";
import { readSummary, type Summary } from "./summary";

function summary(id: string, given: Record<string, unknown> = {}): Summary {
  const read = readSummary({ id, seq: 1, ...given });
  if (read === null) throw new Error("not a summary");
  return read;
}

const at = (minute: number) => `2026-11-22T10:${String(minute).padStart(2, "0")}:00Z`;
const said = (minute: number) => ({ sender: "customer", text: "hello", at: at(minute) });
const ids = (rows: Summary[]) => rows.map((row) => row.id);

describe("mergeSummary", () => {
  it("drops a summary older than the held one", () => {
    const inbox = mergeAll({}, [summary("a", { seq: 5, unread: 1 })]);
    expect(mergeSummary(inbox, summary("a", { seq: 4, unread: 9 }))).toBe(inbox);
  });

  it("takes one of the same seq, since a running answer changes no seq", () => {
    const inbox = mergeAll({}, [summary("a", { seq: 5 })]);
    expect(mergeSummary(inbox, summary("a", { seq: 5, answering: true })).a?.answering).toBe(true);
  });

  it("gives the same inbox whatever order summaries arrive in", () => {
    const arriving = [1, 2, 3].map((seq) => summary("a", { seq, unread: seq }));
    const orders = [arriving, [...arriving].reverse(), [arriving[2], arriving[0], arriving[1]]];
    for (const order of orders) expect(mergeAll({}, order as Summary[]).a?.unread).toBe(3);
  });
});

describe("queues", () => {
  const inbox: Inbox = mergeAll({}, [
    summary("held", { controller: "agent", assignee: { id: "me", name: "Ada" }, last_message: said(1) }),
    summary("bens", { controller: "agent", assignee: { id: "ben", name: "Ben" }, last_message: said(9) }),
    summary("waits", { controller: "queue", waiting_since: at(5), last_message: said(5) }),
    summary("waits-longer", { controller: "queue", waiting_since: at(2), last_message: said(7) }),
    summary("urgent", {
      controller: "queue",
      waiting_since: at(8),
      priority: "urgent",
      last_message: said(8),
    }),
    summary("bot", { controller: "bot", last_message: said(3) }),
    summary("closed", { controller: "bot", status: "closed", assignee: { id: "me", name: "Ada" } }),
  ]);

  it("hold what belongs to them, and no closed conversation", () => {
    expect(ids(queueRows(inbox, "mine", "me", "latest"))).toEqual(["held"]);
    expect(ids(queueRows(inbox, "bot", "me", "latest"))).toEqual(["bot"]);
    expect(queueCounts(inbox, "me")).toEqual({ mine: 1, unassigned: 3, bot: 1, all: 6 });
  });

  it("show the latest first", () => {
    expect(ids(queueRows(inbox, "all", "me", "latest"))).toEqual([
      "bens",
      "urgent",
      "waits-longer",
      "waits",
      "bot",
      "held",
    ]);
  });

  it("show urgent ones, then the longest wait, then those nobody waits in", () => {
    expect(ids(queueRows(inbox, "all", "me", "waiting"))).toEqual([
      "urgent",
      "waits-longer",
      "waits",
      "bens",
      "bot",
      "held",
    ]);
  });

  it("are searched by every word, in name, last line and labels", () => {
    const rows = [
      summary("a", { customer: { id: "1", name: "Ana Demo" }, labels: ["wholesale"] }),
      summary("b", { customer: { id: "2", name: "Ben" }, last_message: { ...said(1), text: "Broken boot" } }),
    ];
    expect(ids(matchRows(rows, "BOOT ben"))).toEqual(["b"]);
    expect(ids(matchRows(rows, "whole"))).toEqual(["a"]);
    expect(ids(matchRows(rows, "boot ana"))).toEqual([]);
    expect(ids(matchRows(rows, "  "))).toEqual(["a", "b"]);
  });
});

describe("neighbour", () => {
  const rows = [summary("a"), summary("b"), summary("c")];

  it("walks and stops at both ends", () => {
    expect(neighbour(rows, "a", 1)).toBe("b");
    expect(neighbour(rows, "c", 1)).toBe("c");
    expect(neighbour(rows, "a", -1)).toBe("a");
  });

  it("starts at the first row when the current one has left the list", () => {
    expect(neighbour(rows, "gone", 1)).toBe("a");
    expect(neighbour(rows, null, -1)).toBe("a");
    expect(neighbour([], "a", 1)).toBeNull();
  });
});
