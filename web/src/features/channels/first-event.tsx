import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, LoaderCircle } from "lucide-react";
import { clockTime, fullTime } from "../format/time";
import { errorWords } from "../rest/client";
import { type LogEntry, logQuery } from "./channels";
import { refusalWords } from "./log-words";

const LOOK_EVERY_MS = 3000;

type FirstProps = { kind: string; account: string; since: string };

/** Waits until the vendor calls: the proof that both sides have the same keys and address. */
export function FirstEvent({ kind, account, since }: FirstProps) {
  const query = useQuery({ ...logQuery(kind), refetchInterval: LOOK_EVERY_MS });
  const fresh = (query.data ?? []).filter(({ received_at }) => Date.parse(received_at) >= Date.parse(since));
  const arrived = fresh.find((entry) => entry.account === account && refusalWords(entry.status) === null);
  const refused = fresh.find((entry) => refusalWords(entry.status) !== null);
  return (
    <div
      role="status"
      data-testid="first-event"
      className="flex items-start gap-3 rounded-2 border border-line bg-sub p-3"
    >
      {query.isError ? (
        <Line tone="bad" icon={<CircleAlert aria-hidden size={18} />} title={errorWords(query.error)} />
      ) : arrived !== undefined ? (
        <Arrived entry={arrived} />
      ) : refused !== undefined ? (
        <Line tone="bad" icon={<CircleAlert aria-hidden size={18} />} title="A request came and was refused">
          {refusalWords(refused.status)}
        </Line>
      ) : (
        <Line
          tone="wait"
          icon={<LoaderCircle aria-hidden size={18} className="animate-spin motion-reduce:animate-none" />}
          title="Waiting for the first event"
        >
          You can close this: the account's card shows when something arrives.
        </Line>
      )}
    </div>
  );
}

const TONE = { ok: "text-ok", bad: "text-bad", wait: "text-ink-3" };

type LineProps = {
  tone: keyof typeof TONE;
  icon: React.ReactNode;
  title: string;
  children?: React.ReactNode;
};

function Line({ tone, icon, title, children }: LineProps) {
  return (
    <>
      <span className={`mt-0.5 shrink-0 ${TONE[tone]}`}>{icon}</span>
      <div>
        <p className="font-medium">{title}</p>
        {children !== undefined && <p className="text-ink-2">{children}</p>}
      </div>
    </>
  );
}

function Arrived({ entry }: { entry: LogEntry }) {
  return (
    <Line tone="ok" icon={<CircleCheck aria-hidden size={18} />} title="It works: an event has arrived">
      <time dateTime={entry.received_at} title={fullTime(entry.received_at)}>
        {clockTime(entry.received_at)}
      </time>
    </Line>
  );
}
