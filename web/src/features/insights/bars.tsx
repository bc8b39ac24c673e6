import { titleWords } from "../format/words";
import type { Count } from "./stats";

const SHOWN = 8;

/** The most frequent labels with their counts and share of all. */
export function Bars({ counts, total }: { counts: readonly Count[]; total: number }) {
  const top = counts[0]?.count ?? 1;
  return (
    <ol className="flex flex-col gap-2.5">
      {counts.slice(0, SHOWN).map(({ label, count }) => (
        <li key={label} className="grid grid-cols-[minmax(96px,35%)_1fr_72px] items-center gap-3">
          <span className="text-ink-2 leading-tight" title={titleWords(label)}>
            {titleWords(label)}
          </span>
          <span aria-hidden className="h-2 rounded-full bg-sunk">
            <i className="block h-full rounded-full bg-brand" style={{ width: `${(count / top) * 100}%` }} />
          </span>
          <span className="text-right">
            {count.toLocaleString()} <span className="text-ink-3">{Math.round((count / total) * 100)} %</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
