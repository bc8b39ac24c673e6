import type { UseQueryResult } from "@tanstack/react-query";
import { clockTime, fullTime, shortDay } from "../format/time";
import { errorWords } from "../rest/client";
import { Bone, Failed } from "../ui/states";
import type { LogEntry } from "./channels";
import { refusalWords, statusWords } from "./log-words";

type LogProps = { query: UseQueryResult<LogEntry[]>; entries: readonly LogEntry[] | undefined };

/** What the vendor sent last, and what became of it; never what it said. */
export function EventLog({ query, entries }: LogProps) {
  return (
    <div className="max-h-72 overflow-auto border-line border-t">
      {query.isPending && <Bone className="m-4 h-16" />}
      {query.isError && (
        <div className="p-4">
          <Failed compact reason={errorWords(query.error)} retry={() => void query.refetch()} />
        </div>
      )}
      {entries !== undefined && entries.length === 0 && (
        <p className="p-4 text-ink-3">Nothing has arrived through this account in the last thirty days.</p>
      )}
      {entries !== undefined && entries.length > 0 && (
        <table className="w-full text-left">
          <thead className="sticky top-0 bg-raised text-12 text-ink-3">
            <tr className="border-line border-b">
              <th className="px-4 py-1.5 font-medium">When</th>
              <th className="px-2 py-1.5 font-medium">What</th>
              <th className="px-4 py-1.5 font-medium">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  const refused = refusalWords(entry.status);
  return (
    <tr className="border-line border-b align-top last:border-0">
      <td className="px-4 py-1.5 whitespace-nowrap text-ink-2">
        <time dateTime={entry.received_at} title={fullTime(entry.received_at)}>
          {shortDay(entry.received_at, new Date())} {clockTime(entry.received_at)}
        </time>
      </td>
      <td className="px-2 py-1.5">{entry.kind?.replaceAll("_", " ") ?? "request"}</td>
      <td className={`px-4 py-1.5 ${refused === null ? "text-ink-2" : "text-bad"}`}>
        {refused ?? statusWords(entry.status)}
        {entry.error !== null && <span className="block text-12">{entry.error}</span>}
      </td>
    </tr>
  );
}
