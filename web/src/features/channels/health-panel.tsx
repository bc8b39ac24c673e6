import type { UseQueryResult } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, LoaderCircle, RefreshCw, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { clockTime, dayLine, fullTime, shortDay } from "../format/time";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { type AccountHealth, type Fact, healthFacts } from "./health";

const DOT = { ok: "text-ok", bad: "text-bad", plain: "text-ink-3" };

/** What the vendor and our own log say of an account, and what to do about what is wrong. */
export function HealthPanel({ query }: { query: UseQueryResult<AccountHealth> }) {
  const { data: health, isFetching } = query;
  if (query.isError) {
    return (
      <div role="alert" className="mx-4 mb-3 flex flex-wrap items-center gap-2 text-ink-2">
        <CircleAlert aria-hidden size={15} className="text-bad" />
        {errorWords(query.error)}
        <Again query={query} />
      </div>
    );
  }
  if (health === undefined) {
    return (
      <p role="status" className="mx-4 mb-3 flex items-center gap-2 text-12 text-ink-3">
        <LoaderCircle aria-hidden size={13} className="animate-spin motion-reduce:animate-none" />
        Asking the vendor
      </p>
    );
  }
  return (
    <div className="mx-4 mb-3 flex flex-col gap-2">
      {health.troubles.map(({ code, mend }) => (
        <p key={code} className="flex gap-2 rounded-1 bg-warn-soft px-3 py-2 text-warn">
          <TriangleAlert aria-hidden size={15} className="mt-0.5 shrink-0" />
          <span>{mend.charAt(0).toUpperCase() + mend.slice(1)}.</span>
        </p>
      ))}
      <dl className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,210px),1fr))] gap-x-4 gap-y-1.5">
        <When name="Last event" at={health.last_event_at} none="none yet" />
        <When name="Last answer sent" at={health.last_sent_at} none="none yet" />
        {healthFacts(health).map((fact) => (
          <FactLine key={fact.name} fact={fact} />
        ))}
        {health.token_expires_at !== null && (
          <Row name="Token good until">{shortDay(health.token_expires_at, new Date())}</Row>
        )}
        {health.last_error !== null && (
          <Row name="Last error">
            <span className="text-bad">{health.last_error}</span>
          </Row>
        )}
      </dl>
      {health.detail !== "" && <p className="text-12 text-ink-3">{health.detail}</p>}
      <p className="flex items-center gap-2 text-12 text-ink-3">
        Checked {clockTime(health.checked_at)}
        {!health.asked && ", from our own log"}
        <Again query={query} busy={isFetching} />
      </p>
    </div>
  );
}

function Again({ query, busy = false }: { query: UseQueryResult<AccountHealth>; busy?: boolean }) {
  return (
    <Button kind="quiet" className="h-6 px-2 text-12" disabled={busy} onClick={() => void query.refetch()}>
      <RefreshCw aria-hidden size={12} className={busy ? "animate-spin motion-reduce:animate-none" : ""} />
      Check again
    </Button>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-12 text-ink-3">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

function When({ name, at, none }: { name: string; at: string | null; none: string }) {
  return (
    <Row name={name}>
      {at === null ? (
        <span className="text-ink-3">{none}</span>
      ) : (
        <time dateTime={at} title={fullTime(at)}>
          {dayLine(at, new Date())} {clockTime(at)}
        </time>
      )}
    </Row>
  );
}

function FactLine({ fact }: { fact: Fact }) {
  const Icon = fact.tone === "ok" ? CircleCheck : fact.tone === "bad" ? CircleAlert : null;
  return (
    <Row name={fact.name}>
      <span className="inline-flex items-center gap-1.5">
        {Icon !== null && <Icon aria-hidden size={13} className={`shrink-0 ${DOT[fact.tone]}`} />}
        {fact.words}
      </span>
    </Row>
  );
}
