/** How fast a running answer grows (pure). */

export type Sample = { at: number; to: number };

const WINDOW_MS = 3000;
/** English text of the answering models has about four bytes to a token; deltas carry bytes only. */
const BYTES_PER_TOKEN = 4;

/** The samples with a new one, without those that no longer count. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples[samples.length - 1];
  const kept = last !== undefined && sample.to < last.to ? [] : samples;
  return [...kept.filter(({ at }) => sample.at - at <= WINDOW_MS), sample];
}

/** Tokens a second over the last moments, estimated; null until there is enough to go by. */
export function tokensPerSecond(samples: readonly Sample[]): number | null {
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (first === undefined || last === undefined || last.at - first.at < 300) return null;
  const rate = Math.round((last.to - first.to) / BYTES_PER_TOKEN / ((last.at - first.at) / 1000));
  return rate > 0 ? rate : null;
}
