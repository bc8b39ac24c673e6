import { describe, expect, it } from "vitest";
import { reduce } from "@/shared/session/reducer";
import { initialSession, type SessionState } from "@/shared/session/state";
import type { InboxChanged } from "@/wire/wire.gen";
import { readInbox } from "./inbox";
import { matchRows, neighbour, queueCounts, queueRows } from "./queue";
import { readSummary, type Summary } from "./summary";

function summary(id: string, given: Record<string, unknown> = {}): Summary {
  const read = readSummary({ id, seq: 1, ...given });
  if (read === null) throw new Error("not a summary");
  return read;
}

const at = (minute: number) => `2026-11-22T10:${String(minute).padStart(2, "0")}:00Z`;
const said = (minute: number) => ({ sender: "customer", text: "hello", at: at(minute) });
const ids = (rows: Summary[]) => rows.map((row) => row.id);

describe("the inbox", () => {
  const inOrder = (given: Record<string, unknown>[]) => {
    const frames = given.map(
      (row) => ({ type: "inbox.changed", summary: { id: "a", ...row } }) as InboxChanged,
    );
    return readInbox(frames.reduce<SessionState>(reduce, initialSession).summaries)[0];
  };

  it("drops a summary older than the held one, whatever order they arrive in", () => {
    const [one, two, three] = [1, 2, 3].map((seq) => ({ seq, unread: seq }));
    for (const order of [
      [one, two, three],
      [three, two, one],
      [three, one, two],
    ]) {
      expect(inOrder(order as Record<string, unknown>[])?.unread).toBe(3);
    }
  });

  it("takes one of the same seq, since a running answer changes no seq", () => {
    expect(inOrder([{ seq: 5 }, { seq: 5, answering: true }])?.answering).toBe(true);
  });

  it("reads a row that did not change only once", () => {
    const { summaries } = reduce(initialSession, {
      type: "inbox.changed",
      summary: { id: "a", seq: 1 },
    } as InboxChanged);
    expect(readInbox(summaries)[0]).toBe(readInbox({ ...summaries })[0]);
  });
});

describe("queues", () => {
  const inbox = [
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
    summary("silent", { controller: "bot" }),
    summary("closed", {
      controller: "bot",
      status: "closed",
      last_message: said(4),
      assignee: { id: "me", name: "Ada" },
    }),
  ];

  it("hold what belongs to them, no closed conversation and none without a word in it", () => {
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
