/** Counts and series of the analytics endpoints, read into one shape (pure). */

export type Count = { label: string; count: number };
export type Bucket = { at: string; counts: Readonly<Record<string, number>> };
export type Stats = { total: number; counts: Count[]; series: Bucket[] };

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function firstText(given: Fields | null, names: readonly string[]): string | null {
  for (const name of names) {
    const value = given?.[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}

const LABEL_FIELDS = ["label", "intent", "sentiment", "channel", "name"];
const TIME_FIELDS = ["at", "from", "start", "bucket", "date"];

/** Counts given as {label: n} or as [{label, count}]. */
function readCounts(value: unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [label, given] of Object.entries(fields(value) ?? {})) counts[label] = count(given);
  for (const item of list(value)) {
    const label = firstText(fields(item), LABEL_FIELDS);
    if (label !== null) counts[label] = (counts[label] ?? 0) + count(fields(item)?.count);
  }
  return counts;
}

/** Buckets given whole ({at, counts}) or one label at a time ({at, label, count}). */
function readSeries(value: unknown): Bucket[] {
  const buckets = new Map<string, Record<string, number>>();
  for (const item of list(value)) {
    const given = fields(item);
    const at = firstText(given, TIME_FIELDS);
    if (given === null || at === null) continue;
    const counts = buckets.get(at) ?? {};
    const added = given.counts === undefined ? readCounts([given]) : readCounts(given.counts);
    for (const [label, number] of Object.entries(added)) counts[label] = (counts[label] ?? 0) + number;
    buckets.set(at, counts);
  }
  return [...buckets]
    .map(([at, counts]) => ({ at, counts }))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, number) => total + number, 0);
}

/** The answer of an analytics endpoint; an empty one when nothing in it can be read. */
export function readStats(answer: unknown): Stats {
  const given = fields(answer);
  const counts = readCounts(given?.counts ?? given?.totals);
  const ordered = Object.entries(counts).map(([label, number]) => ({ label, count: number }));
  ordered.sort((a, b) => b.count - a.count || a.label.localeCompare(b.label));
  return { total: sum(counts), counts: ordered, series: readSeries(given?.series) };
}

/** Change in percent of `before`, rounded; null when there was nothing to compare with. */
export function changePercent(now: number, before: number): number | null {
  return before === 0 ? null : Math.round(((now - before) / before) * 100);
}

export type Period = { from: Date; to: Date; interval: "hour" | "day" };

const DAY_MS = 24 * 60 * 60 * 1000;

/** The last `days` days up to `now`, by the hour for a single day. */
export function lastDays(days: number, now: Date): Period {
  return { from: new Date(now.getTime() - days * DAY_MS), to: now, interval: days === 1 ? "hour" : "day" };
}

/** The period of equal length that ends where this one begins. */
export function periodBefore(period: Period): Period {
  const length = period.to.getTime() - period.from.getTime();
  return { ...period, from: new Date(period.from.getTime() - length), to: period.from };
}

export function statsPath(name: string, period: Period): string {
  const query = new URLSearchParams({
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    interval: period.interval,
  });
  return `/api/analytics/${name}/?${query}`;
}

const INTERVAL_MS = { hour: 60 * 60 * 1000, day: DAY_MS };

/** The statistics with a bucket for every interval of the period: empty ones are left out on the wire. */
export function withEmptyBuckets(stats: Stats, period: Period): Stats {
  const step = INTERVAL_MS[period.interval];
  const given = new Map(stats.series.map((bucket) => [Math.floor(Date.parse(bucket.at) / step), bucket]));
  const series: Bucket[] = [];
  // Buckets begin at whole hours and days of UTC, which whole multiples of the step are too.
  for (let index = Math.floor(period.from.getTime() / step); index * step < period.to.getTime(); index += 1) {
    series.push(given.get(index) ?? { at: new Date(index * step).toISOString(), counts: {} });
  }
  return { ...stats, series };
}

function csvCell(value: string | number): string {
  const text = String(value);
  // A cell that begins like a formula would be run by a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Time by label as CSV (RFC 4180), one row per bucket. */
export function seriesCsv(stats: Stats): string {
  const labels = stats.counts.map(({ label }) => label);
  const rows = stats.series.map(({ at, counts }) => [at, ...labels.map((label) => counts[label] ?? 0)]);
  return [["at", ...labels], ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n");
}

/** A round number at or above the highest value, for an axis that starts at zero. */
export function axisTop(highest: number): number {
  if (highest <= 4) return 4;
  const magnitude = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 2, 4, 5, 8, 10].find((candidate) => candidate * magnitude >= highest) ?? 10;
  return step * magnitude;
}
