import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, CircleDashed, LoaderCircle, RefreshCw } from "lucide-react";
import { clockTime, dayLine } from "../format/time";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { complain } from "../ui/notices";
import { beginSync, type SyncLine, type SyncProgress, syncLines, syncQuery } from "./shopify";

/** How far the shop's records have come, and fetching them again. */
export function ShopifySync({ account }: { account: string }) {
  const queries = useQueryClient();
  const query = useQuery(syncQuery);
  const begin = useMutation({
    mutationFn: (full: boolean) => beginSync(account, full),
    onSettled: () => queries.invalidateQueries({ queryKey: syncQuery.queryKey }),
    onError: (error) => complain(errorWords(error)),
  });
  const progress = query.data?.find((one) => one.account === account);
  const running = progress?.status === "running";
  return (
    <section
      aria-label="Records"
      data-testid="sync"
      className="mx-4 mb-3 rounded-2 border border-line bg-sub p-3"
    >
      <div className="flex flex-wrap items-center gap-2">
        <p role="status" className="min-w-40 flex-1">
          <Summary progress={progress} />
        </p>
        <Button disabled={running || begin.isPending} onClick={() => begin.mutate(false)}>
          <RefreshCw aria-hidden size={14} />
          Fetch changes
        </Button>
        <Button kind="quiet" disabled={running || begin.isPending} onClick={() => begin.mutate(true)}>
          Fetch everything
        </Button>
      </div>
      {progress !== undefined && (
        <ul className="mt-2 grid gap-1 sm:grid-cols-3">
          {syncLines(progress).map((line) => (
            <Line key={line.kind} line={line} />
          ))}
        </ul>
      )}
      {progress?.error && (
        <p className="mt-2 flex gap-2 text-bad">
          <CircleAlert aria-hidden size={14} className="mt-0.5 shrink-0" />
          {progress.error}
        </p>
      )}
    </section>
  );
}

function Summary({ progress }: { progress: SyncProgress | undefined }) {
  if (progress === undefined) return "Orders, products and customers have not been fetched yet.";
  const at = progress.finished_at ?? progress.started_at;
  const when = `${dayLine(at, new Date())} ${clockTime(at)}`;
  switch (progress.status) {
    case "running":
      return `Fetching records since ${when}. Customers can write meanwhile.`;
    case "done":
      return `All records are here, as of ${when}.`;
    case "failed":
      return `Fetching stopped ${when}; it is tried again by itself.`;
  }
}

const ICONS = { done: CircleCheck, running: LoaderCircle, waiting: CircleDashed };
const TONES = {
  done: "text-ok",
  running: "animate-spin text-brand motion-reduce:animate-none",
  waiting: "text-ink-3",
};
const WORDS = { done: "done", running: "under way", waiting: "to come" };

function Line({ line }: { line: SyncLine }) {
  const Icon = ICONS[line.state];
  return (
    <li className="flex items-center gap-1.5">
      <Icon role="img" aria-label={WORDS[line.state]} size={13} className={TONES[line.state]} />
      {line.title}
      <span className="text-ink-3">{line.read.toLocaleString()}</span>
    </li>
  );
}
