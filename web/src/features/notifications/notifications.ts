/** What this member of staff was told: words, places, and which of it is unread (pure but for the query). */

import { queryOptions } from "@tanstack/react-query";
import type { Notification } from "@/wire/wire.gen";
import { rest } from "../rest/client";

/** One `notification.read` names at most so many. */
export const MARKED_AT_ONCE = 500;
const MOST_SHOWN = 99;

type StoredNotification = Omit<Notification, "type">;

export const notificationsQuery = queryOptions({
  queryKey: ["notifications"],
  queryFn: async ({ signal }): Promise<Notification[]> => {
    const page = (await rest("/api/notifications/?limit=100", { signal })) as {
      notifications: StoredNotification[];
    };
    return page.notifications.map((one) => ({ ...one, type: "notification" }));
  },
});

/** Everything known, the newest first. What came over the line is newer than what was read; read stays read. */
export function merged(live: readonly Notification[], stored: readonly Notification[]): Notification[] {
  const known = new Map(stored.map((one) => [one.id, one]));
  for (const one of live)
    known.set(one.id, one.read || !known.get(one.id)?.read ? one : { ...one, read: true });
  return [...known.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

export function unreadOf(notifications: readonly Notification[]): string[] {
  return notifications.filter(({ read }) => !read).map(({ id }) => id);
}

/** A count for a small badge; empty for none. */
export function badge(count: number): string {
  if (count === 0) return "";
  return count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count);
}

/** What a screen reader says of the count. */
export function unreadWords(count: number): string {
  if (count === 0) return "No unread notifications";
  return count === 1 ? "1 unread notification" : `${badge(count)} unread notifications`;
}

/** What happened, in a few words. A kind that a newer server added has no words of its own. */
export function happened({ kind, by }: Pick<Notification, "kind" | "by">): string {
  const who = by?.name || "A colleague";
  switch (kind) {
    case "assigned":
      return `${who} assigned you a conversation`;
    case "mention":
      return `${who} mentioned you in a note`;
    case "handoff":
      return "A conversation waits for a person";
    case "waiting":
      return "Nobody took over in time";
    case "csat_low":
      return "A customer gave a low rating";
    case "delivery_failed":
      return "A message was not delivered";
    case "channel_broken":
      return "A channel account has stopped working";
    case "channel_policy":
      return "A channel's vendor enforces its policy on an account: see its events";
    case "job_dead":
      return "Work in the background has failed";
    case "model_broken":
      return "A model that was promoted is not in use: see Settings, Models";
    default:
      return "Something happened";
  }
}
