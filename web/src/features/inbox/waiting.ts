/** How long a customer has waited for an answer, as words and as a tone. */

export type WaitingTone = "calm" | "amber" | "red";

export const AMBER_AFTER_S = 3 * 60;
export const RED_AFTER_S = 10 * 60;

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** Seconds from an RFC 3339 time to `now` (ms); never negative, 0 when the time cannot be read. */
export function secondsSince(at: string | null, now: number): number {
  const then = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(then) ? 0 : Math.max(0, (now - then) / 1000);
}

/** The tone of a wait; a conversation in which nobody waits stays calm however old it is. */
export function waitingTone(waitingSince: string | null, now: number): WaitingTone {
  if (waitingSince === null) return "calm";
  const waited = secondsSince(waitingSince, now);
  if (waited >= RED_AFTER_S) return "red";
  return waited >= AMBER_AFTER_S ? "amber" : "calm";
}

/** A duration in the one unit that matters: "now", "4 min", "2 h", "3 d". */
export function shortAge(seconds: number): string {
  if (seconds < MINUTE_S) return "now";
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min`;
  if (seconds < DAY_S) return `${Math.floor(seconds / HOUR_S)} h`;
  return `${Math.floor(seconds / DAY_S)} d`;
}

/** What a screen reader says about a wait, since colour alone tells it nothing. */
export function waitingWords(waitingSince: string | null, now: number): string {
  if (waitingSince === null) return "";
  const tone = waitingTone(waitingSince, now);
  const age = shortAge(secondsSince(waitingSince, now));
  const since = age === "now" ? "waiting for less than a minute" : `waiting for ${age}`;
  if (tone === "red") return `${since}, late`;
  return tone === "amber" ? `${since}, soon late` : since;
}
