import { describe, expect, it } from "vitest";
import type { ConversationState, TimelineItem } from "@/shared/session/state";
import { liveView, loggedView } from "@/shared/session/timeline";
import { timelineRows } from "./timeline-rows";

const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).toISOString();

function conversation(given: [string, "customer" | "bot", string][]) {
  const messages: Record<string, ConversationState["messages"][string]> = {};
  const timeline: TimelineItem[] = given.map(([id, kind, when], index) => {
    const message = { id, seq: index + 1, at: when, sender: { kind }, text: id };
    messages[id] = loggedView(message, message.seq, undefined);
    return { kind: "message", id, position: message.seq };
  });
  return { timeline, messages };
}

const shape = (rows: ReturnType<typeof timelineRows>) =>
  rows.map((row) => (row.kind === "day" ? "day" : `${row.item.id}${row.endsGroup ? "." : ""}`));

describe("timelineRows", () => {
  it("draws one line per day", () => {
    const { timeline, messages } = conversation([
      ["a", "customer", at(20, 23, 58)],
      ["b", "bot", at(21, 0, 1)],
      ["c", "customer", at(21, 9, 0)],
    ]);
    expect(shape(timelineRows(timeline, messages))).toEqual(["day", "a.", "day", "b.", "c."]);
  });

  it("puts messages of one sender within minutes together", () => {
    const { timeline, messages } = conversation([
      ["a", "customer", at(20, 9, 0)],
      ["b", "customer", at(20, 9, 2)],
      ["c", "customer", at(20, 9, 30)],
      ["d", "bot", at(20, 9, 30)],
    ]);
    expect(shape(timelineRows(timeline, messages))).toEqual(["day", "a", "b.", "c.", "d."]);
  });

  it("lets a note or line break a group, and a running answer stand without a day", () => {
    const { timeline, messages } = conversation([["a", "bot", at(20, 9, 0)]]);
    const line: TimelineItem = {
      kind: "line",
      id: "l",
      position: 2,
      at: at(20, 9, 0),
      line: { kind: "closed", name: null },
    };
    const running = { live: liveView("live", 2.5, 1, "Your", 4), ...messages };
    const rows = timelineRows([...timeline, line, { kind: "message", id: "live", position: 2.5 }], running);
    expect(shape(rows)).toEqual(["day", "a.", "l.", "live."]);
  });
});
