import { useEffect, useRef, useState } from "react";
import { axisTop, type Bucket, sum } from "./stats";

/** Until the page has told how much room there is. */
const WIDTH = 560;
const HEIGHT = 200;
const LEFT = 36;
const BOTTOM = 22;
const TOP = 8;
const GRID = [0, 0.25, 0.5, 0.75, 1];
/** Room for a label of the axis, in px. */
const LABEL = 48;

export type Series = { label: string; title: string; colour: string };

type ColumnsProps = {
  title: string;
  buckets: readonly Bucket[];
  series: readonly Series[];
  /** A bucket's time in full, and as short as an axis needs it. */
  when: (at: string) => string;
  tick: (at: string) => string;
};

/** How wide an element is, so that a drawing in it has letters of the page's own size. */
function useWidth() {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(WIDTH);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(entry.contentRect.width);
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}

function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-12 text-ink-2">
      {series.map(({ label, title, colour }) => (
        <li key={label} className="flex items-center gap-1.5">
          <i aria-hidden className="size-2 rounded-full" style={{ background: colour }} />
          {title}
        </li>
      ))}
    </ul>
  );
}

/** Counts over time as stacked columns; the axis starts at zero. */
export function Columns({ title, buckets, series, when, tick }: ColumnsProps) {
  const [frame, right] = useWidth();
  const top = axisTop(Math.max(0, ...buckets.map(({ counts }) => sum(counts))));
  const plot = HEIGHT - TOP - BOTTOM;
  const y = (value: number) => TOP + plot * (1 - value / top);
  const slot = (right - LEFT) / Math.max(1, buckets.length);
  const labelEvery = Math.max(1, Math.ceil(LABEL / slot));
  return (
    <div ref={frame} className="flex flex-col gap-3">
      <svg role="img" aria-label={title} viewBox={`0 0 ${right} ${HEIGHT}`} className="w-full text-ink-3">
        {GRID.map((part) => (
          <g key={part}>
            <line x1={LEFT} x2={right} y1={y(top * part)} y2={y(top * part)} stroke="var(--line)" />
            {Number.isInteger(top * part) && (
              <text x={LEFT - 8} y={y(top * part) + 4} textAnchor="end" fontSize={11} fill="currentColor">
                {top * part}
              </text>
            )}
          </g>
        ))}
        {buckets.map((bucket, index) => (
          <g key={bucket.at} transform={`translate(${LEFT + index * slot} 0)`}>
            <Stack bucket={bucket} series={series} slot={slot} y={y} when={when} />
            {index % labelEvery === 0 && (
              <text x={slot / 2} y={HEIGHT - 6} textAnchor="middle" fontSize={11} fill="currentColor">
                {tick(bucket.at)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <Legend series={series} />
    </div>
  );
}

type StackProps = {
  bucket: Bucket;
  series: readonly Series[];
  slot: number;
  y: (value: number) => number;
  when: (at: string) => string;
};

function Stack({ bucket, series, slot, y, when }: StackProps) {
  const width = Math.min(28, slot * 0.62);
  let below = 0;
  const words = series.map(({ label, title }) => `${title}: ${bucket.counts[label] ?? 0}`);
  return (
    <g className="transition-opacity hover:opacity-80">
      <title>{[when(bucket.at), ...words].join("\n")}</title>
      <rect x={0} y={TOP} width={slot} height={HEIGHT - TOP - BOTTOM} fill="transparent" />
      {series.map(({ label, colour }) => {
        const count = bucket.counts[label] ?? 0;
        if (count === 0) return null;
        const from = below;
        below += count;
        return (
          <rect
            key={label}
            x={(slot - width) / 2}
            y={y(below)}
            width={width}
            height={Math.max(1, y(from) - y(below) - 1)}
            rx={2}
            fill={colour}
          />
        );
      })}
    </g>
  );
}
