/** Times as the console writes them, in the reader's zone and language. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const AXIS_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** A day without a time is the reader's own day: on its own it would be read as midnight in London. */
function instant(at: string): Date {
  return new Date(/^\d{4}-\d{2}-\d{2}$/.test(at) ? `${at}T00:00` : at);
}

function format(formatter: Intl.DateTimeFormat, at: string | null): string {
  const time = at === null ? Number.NaN : instant(at).getTime();
  return Number.isNaN(time) ? "" : formatter.format(time);
}

export function clockTime(at: string | null): string {
  return format(CLOCK, at);
}

export function fullTime(at: string | null): string {
  return format(FULL, at);
}

export function monthAndYear(at: string | null): string {
  return format(MONTH, at);
}

/** "27 Nov", for the axis of a chart. */
export function axisDay(at: string | null): string {
  return format(AXIS_DAY, at);
}

/** "Fri 27 Nov", with the year in place of the weekday when it is another one. */
export function shortDay(at: string | null, now: Date): string {
  const sameYear = at !== null && instant(at).getFullYear() === now.getFullYear();
  return format(sameYear ? DAY : DAY_AND_YEAR, at);
}

/** "Today", "Yesterday", or the short day. */
export function dayLine(at: string | null, now: Date): string {
  if (at === null) return "";
  const day = instant(at).toDateString();
  if (day === now.toDateString()) return "Today";
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return day === yesterday.toDateString() ? "Yesterday" : shortDay(at, now);
}
