import { useQuery } from "@tanstack/react-query";
import { errorWords } from "../rest/client";
import { Bone, Failed } from "../ui/states";
import {
  channels,
  loadRecommendations,
  type RecommendationStats,
  type Row,
  reasons,
  steps,
} from "./recommendations";
import type { Period } from "./stats";

const FRESH_MS = 60_000;

/** From a product that was shown to one that was ordered. */
export function RecommendationCard({ period, days }: { period: Period; days: number }) {
  const query = useQuery({
    queryKey: ["recommendation-stats", days],
    queryFn: ({ signal }) => loadRecommendations(period, signal),
    staleTime: FRESH_MS,
  });
  return (
    <section className="min-w-0 rounded-2 border border-line bg-raised p-4 pt-3 xl:col-span-2">
      <h2 className="pb-2 text-14 font-semibold">What came of recommendations?</h2>
      {query.isPending && <Bone className="h-24" />}
      {query.isError && (
        <Failed compact reason={errorWords(query.error)} retry={() => void query.refetch()} />
      )}
      {query.data !== undefined &&
        (query.data.total.shown === 0 ? (
          <p className="py-8 text-center text-ink-3">No product was recommended in this period yet.</p>
        ) : (
          <Contents stats={query.data} />
        ))}
    </section>
  );
}

function Contents({ stats }: { stats: RecommendationStats }) {
  return (
    <div className="grid gap-6 md:grid-cols-[1fr_1.4fr]">
      <ol className="flex flex-col gap-2.5">
        {steps(stats.total).map(({ title, count, part }) => (
          <li key={title} className="grid grid-cols-[64px_1fr_84px] items-center gap-3">
            <span className="text-ink-2">{title}</span>
            <span aria-hidden className="h-2 rounded-full bg-sunk">
              <i
                className="block h-full rounded-full bg-brand"
                style={{ width: `${(count / stats.total.shown) * 100}%` }}
              />
            </span>
            <span className="text-right">
              {count.toLocaleString()} <span className="text-ink-3">{part}</span>
            </span>
          </li>
        ))}
        <li className="text-12 text-ink-3">
          Ordered: within {stats.attribution_days} days after it was opened.
        </li>
      </ol>
      <div className="flex flex-col gap-5">
        <Rows title="By reason given" rows={reasons(stats)} />
        <Rows title="By channel" rows={channels(stats)} />
      </div>
    </div>
  );
}

function Rows({ title, rows }: { title: string; rows: readonly Row[] }) {
  return (
    <table className="w-full self-start text-right">
      <thead className="text-12 text-ink-3">
        <tr className="border-line border-b">
          <th className="py-1 text-left font-medium">{title}</th>
          <th className="py-1 pl-3 font-medium">Shown</th>
          <th className="py-1 pl-3 font-medium">Opened</th>
          <th className="py-1 pl-3 font-medium">Ordered</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, shown, clicked, ordered, part }) => (
          <tr key={name} className="border-line border-b last:border-0">
            <th scope="row" className="py-1 text-left font-normal text-ink-2">
              {name}
            </th>
            <td className="py-1 pl-3">{shown.toLocaleString()}</td>
            <td className="py-1 pl-3 whitespace-nowrap">
              {clicked.toLocaleString()} <span className="text-ink-3">{part}</span>
            </td>
            <td className="py-1 pl-3">{ordered.toLocaleString()}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
