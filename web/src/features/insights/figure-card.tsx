import { ArrowDown, ArrowRight, ArrowUp } from "lucide-react";
import { Sparkline } from "./sparkline";

export type Figure = {
  title: string;
  value: string;
  detail?: string;
  /** Change against the period before; null when there is nothing to compare with. */
  change: number | null;
  unit: "%" | "points";
  /** Which direction is good news; none for a mere count. */
  good?: "up" | "down";
  trend: readonly number[];
};

function changeTone(change: number, good: Figure["good"]): string {
  if (change === 0 || good === undefined) return "text-ink-2";
  return change > 0 === (good === "up") ? "text-ok" : "text-bad";
}

function Change({ figure }: { figure: Figure }) {
  const { change, unit, good } = figure;
  if (change === null) return <span className="text-12 text-ink-3">nothing before</span>;
  const Arrow = change === 0 ? ArrowRight : change > 0 ? ArrowUp : ArrowDown;
  const words = change === 0 ? "as before" : `${Math.abs(change)} ${unit}`;
  return (
    <span className={`flex items-center gap-1 text-12 ${changeTone(change, good)}`}>
      <Arrow aria-hidden size={12} />
      {change !== 0 && <span className="sr-only">{change > 0 ? "up" : "down"}</span>}
      {words}
    </span>
  );
}

export function FigureCard({ figure }: { figure: Figure }) {
  return (
    <section className="flex flex-col gap-1 rounded-2 border border-line bg-raised p-4">
      <h2 className="text-12 text-ink-3">{figure.title}</h2>
      <div className="flex flex-wrap items-baseline gap-x-2">
        <p className="line-clamp-2 text-20 leading-tight font-semibold max-md:text-16" title={figure.value}>
          {figure.value}
        </p>
        {figure.detail !== undefined && <p className="text-13 text-ink-3">{figure.detail}</p>}
      </div>
      <div className="mt-auto flex items-end justify-between gap-2 pt-1">
        <Change figure={figure} />
        <Sparkline values={figure.trend} />
      </div>
    </section>
  );
}
