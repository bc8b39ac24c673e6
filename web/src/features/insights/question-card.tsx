import { ChartColumn, Download, Table2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { saveFile } from "../format/save-file";
import { titleWords } from "../format/words";
import { IconButton } from "../ui/button";
import { type Stats, seriesCsv } from "./stats";

type QuestionProps = {
  question: string;
  file: string;
  stats: Stats;
  when: (at: string) => string;
  children: ReactNode;
  /** As wide as two cards. */
  wide?: boolean;
};

/** One question, one chart; its table and CSV are one click away. */
export function QuestionCard({ question, file, stats, when, children, wide = false }: QuestionProps) {
  const [table, setTable] = useState(false);
  return (
    <section
      className={`flex min-w-0 flex-col rounded-2 border border-line bg-raised ${wide ? "xl:col-span-2" : ""}`}
    >
      <header className="flex items-center gap-1 px-4 pt-3 pb-2">
        <h2 className="flex-1 text-14 font-semibold">{question}</h2>
        <IconButton
          name={table ? "Show the chart" : "Show the table"}
          aria-pressed={table}
          onClick={() => setTable(!table)}
        >
          {table ? <ChartColumn size={16} /> : <Table2 size={16} />}
        </IconButton>
        <IconButton
          name="Download as CSV"
          onClick={() => saveFile(`${file}.csv`, "text/csv;charset=utf-8", seriesCsv(stats))}
        >
          <Download size={16} />
        </IconButton>
      </header>
      <div className="px-4 pb-4">
        {stats.total === 0 ? (
          <p className="py-12 text-center text-ink-3">Nothing in this period yet.</p>
        ) : table ? (
          <StatsTable stats={stats} when={when} />
        ) : (
          children
        )}
      </div>
    </section>
  );
}

function StatsTable({ stats, when }: { stats: Stats; when: (at: string) => string }) {
  return (
    <div className="max-h-72 overflow-auto">
      <table className="w-full text-right">
        <thead className="sticky top-0 bg-raised text-12 text-ink-3">
          <tr className="border-line border-b">
            <th className="py-1 pr-3 text-left font-medium">When</th>
            {stats.counts.map(({ label }) => (
              <th key={label} className="py-1 pl-3 font-medium whitespace-nowrap">
                {titleWords(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {stats.series.map(({ at, counts }) => (
            <tr key={at} className="border-line border-b last:border-0">
              <th scope="row" className="py-1 pr-3 text-left font-normal whitespace-nowrap text-ink-2">
                {when(at)}
              </th>
              {stats.counts.map(({ label }) => (
                <td key={label} className="py-1 pl-3">
                  {counts[label] ?? 0}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
