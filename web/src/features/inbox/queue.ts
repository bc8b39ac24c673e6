/** Queues: which conversations they hold and in what order (pure). */

import type { Summary } from "./summary";

export type QueueName = "mine" | "unassigned" | "bot" | "all";
export type Order = "latest" | "waiting";

export const QUEUES: readonly { name: QueueName; title: string; empty: string; hint: string }[] = [
  {
    name: "mine",
    title: "Mine",
    empty: "Nothing is waiting for you",
    hint: "Conversations that you take over or are given appear here.",
  },
  {
    name: "unassigned",
    title: "Unassigned",
    empty: "Nobody is waiting for a person",
    hint: "When the assistant hands a customer over, the conversation waits here.",
  },
  {
    name: "bot",
    title: "Assistant",
    empty: "The assistant has no open conversation",
    hint: "Open the demo shop and write to it to see one here.",
  },
  {
    name: "all",
    title: "All",
    empty: "No open conversation yet",
    hint: "As soon as a customer writes on any channel, the conversation appears here.",
  },
];

/** A conversation in which nothing was said yet, or which is closed, is in no queue. */
export function isIn(queue: QueueName, summary: Summary, me: string): boolean {
  if (summary.lastMessage === null) return false;
  if (summary.status === "closed" || (summary.status === "snoozed" && queue !== "all")) return false;
  switch (queue) {
    case "mine":
      return summary.assignee?.id === me;
    case "unassigned":
      return summary.controller === "queue" && summary.assignee === null;
    case "bot":
      return summary.controller === "bot";
    case "all":
      return true;
  }
}

const PRIORITY_RANK: Readonly<Record<string, number>> = { urgent: 3, high: 2, normal: 1, low: 0 };

function lastActivity(summary: Summary): string {
  return summary.lastMessage?.at ?? summary.updatedAt ?? "";
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function byLatest(left: Summary, right: Summary): number {
  return byText(lastActivity(right), lastActivity(left)) || byText(left.id, right.id);
}

/** Urgent before normal, those who wait before those who do not, the longest wait first. */
function byWaiting(left: Summary, right: Summary): number {
  const rank = (summary: Summary) => PRIORITY_RANK[summary.priority ?? "normal"] ?? 1;
  const priority = rank(right) - rank(left);
  if (priority !== 0) return priority;
  if (left.waitingSince !== null && right.waitingSince !== null) {
    return byText(left.waitingSince, right.waitingSince) || byText(left.id, right.id);
  }
  if (left.waitingSince !== null) return -1;
  return right.waitingSince !== null ? 1 : byLatest(left, right);
}

/** The conversations of a queue in the order they are shown. */
export function queueRows(inbox: readonly Summary[], queue: QueueName, me: string, order: Order): Summary[] {
  const rows = inbox.filter((summary) => isIn(queue, summary, me));
  return rows.sort(order === "waiting" ? byWaiting : byLatest);
}

export function queueCounts(inbox: readonly Summary[], me: string): Record<QueueName, number> {
  const counts: Record<QueueName, number> = { mine: 0, unassigned: 0, bot: 0, all: 0 };
  for (const summary of inbox) {
    for (const { name } of QUEUES) if (isIn(name, summary, me)) counts[name] += 1;
  }
  return counts;
}

/** Rows that hold the words looked for in the name, last line, intent or a label. */
export function matchRows(rows: readonly Summary[], search: string): Summary[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const haystack = [row.customer.name, row.lastMessage?.text ?? "", row.intent ?? "", ...row.labels]
      .join(" ")
      .toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}

/** The id `step` rows from `current`; the first row when none is current, null in an empty list. */
export function neighbour(rows: readonly Summary[], current: string | null, step: 1 | -1): string | null {
  const at = rows.findIndex((row) => row.id === current);
  if (at === -1) return rows[0]?.id ?? null;
  return rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.id ?? null;
}
