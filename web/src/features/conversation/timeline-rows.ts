/** How a conversation is laid out: day lines, and which messages stand together (pure). */

import type { ConversationState, TimelineItem } from "@/shared/session/state";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "item"; key: string; item: TimelineItem; endsGroup: boolean };

/** Messages of one sender further apart than this are told apart by their times. */
const GROUP_MS = 5 * 60 * 1000;

type Placed = { item: TimelineItem; at: string | null; sender: string };

function placed(item: TimelineItem, messages: ConversationState["messages"]): Placed {
  if (item.kind !== "message") return { item, at: item.at, sender: item.kind };
  const message = messages[item.id];
  const sender = message === undefined ? "" : `${message.sender.kind}:${message.sender.id ?? ""}`;
  return { item, at: message?.at ?? null, sender };
}

function day(at: string | null): string | null {
  return at === null ? null : new Date(at).toDateString();
}

function groupsWith(first: Placed, second: Placed | undefined): boolean {
  if (second === undefined || first.item.kind !== "message" || second.item.kind !== "message") return false;
  if (first.sender !== second.sender || first.at === null || second.at === null) return false;
  return Date.parse(second.at) - Date.parse(first.at) < GROUP_MS && day(first.at) === day(second.at);
}

/** The rows of a timeline; a running answer has no time yet and stands alone. */
export function timelineRows(
  timeline: readonly TimelineItem[],
  messages: ConversationState["messages"],
): Row[] {
  const items = timeline.map((item) => placed(item, messages));
  const rows: Row[] = [];
  let lastDay: string | null = null;
  items.forEach((current, index) => {
    const today = day(current.at);
    if (today !== null && today !== lastDay && current.at !== null) {
      rows.push({ kind: "day", key: `day-${today}`, at: current.at });
      lastDay = today;
    }
    const endsGroup = !groupsWith(current, items[index + 1]);
    rows.push({
      kind: "item",
      key: `${current.item.kind}-${current.item.id}`,
      item: current.item,
      endsGroup,
    });
  });
  return rows;
}
