import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Info, LoaderCircle, Wrench } from "lucide-react";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { channelsQuery } from "./channels";
import { healthQuery } from "./health";
import { type DoneLine, doneLines, reconcileAccount } from "./reconciliation";
import { syncQuery } from "./shopify";

const ICONS = { ok: CircleCheck, bad: CircleAlert, plain: Info };
const TONES = { ok: "text-ok", bad: "text-bad", plain: "text-ink-3" };

/** Puts an account in order by one click: subscriptions, token, and what customers wrote while nothing arrived. */
export function Reconcile({ account }: { account: string }) {
  const queries = useQueryClient();
  const work = useMutation({
    mutationFn: () => reconcileAccount(account),
    onSuccess: (done) => {
      queries.setQueryData(healthQuery(account).queryKey, done.health);
      void queries.invalidateQueries({ queryKey: channelsQuery.queryKey });
      void queries.invalidateQueries({ queryKey: syncQuery.queryKey });
    },
  });
  return (
    <section aria-label="Put in order" data-testid="reconcile" className="mx-4 mb-3 flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button disabled={work.isPending} onClick={() => work.mutate()}>
          {work.isPending ? (
            <LoaderCircle aria-hidden size={14} className="animate-spin motion-reduce:animate-none" />
          ) : (
            <Wrench aria-hidden size={14} />
          )}
          Put in order
        </Button>
        <p role="status" className="min-w-40 flex-1 text-12 text-ink-3">
          {work.isPending
            ? "Asking the vendor for what is missing. This can take a while."
            : "Subscribes again to what is missing, renews the token, and fetches what did not arrive."}
        </p>
      </div>
      {work.isError && (
        <p role="alert" className="flex gap-2 text-bad">
          <CircleAlert aria-hidden size={14} className="mt-0.5 shrink-0" />
          {errorWords(work.error)}
        </p>
      )}
      {work.data !== undefined && !work.isPending && (
        <ul
          aria-label="What was done"
          aria-live="polite"
          className="flex flex-col gap-1 rounded-2 bg-sunk px-3 py-2"
        >
          {doneLines(work.data, new Date()).map((line) => (
            <Done key={line.words} line={line} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Done({ line }: { line: DoneLine }) {
  const Icon = ICONS[line.tone];
  return (
    <li className="flex gap-2">
      <Icon aria-hidden size={14} className={`mt-0.5 shrink-0 ${TONES[line.tone]}`} />
      <span className="min-w-0 break-words">{line.words}</span>
    </li>
  );
}
