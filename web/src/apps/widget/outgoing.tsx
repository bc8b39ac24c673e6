import { CircleAlert, Clock } from "lucide-react";
import type { OutgoingMessage } from "@/shared/outbox";
import { Attachments } from "./attachments";
import { useSession, useWidget } from "./use-widget";

/** A message on its way, shown as if it were there already. */
export function Outgoing({ message }: { message: OutgoingMessage }) {
  const isFailed = message.state === "failed";
  return (
    <article
      data-testid="message"
      data-sender="customer"
      data-state={message.state}
      className="mb-2 flex animate-rise flex-col items-end"
    >
      {message.text !== "" && (
        <p
          data-testid="message-text"
          dir="auto"
          className={`max-w-[84%] rounded-3 rounded-br-[4px] px-[13px] py-[9px] break-words whitespace-pre-wrap ${
            isFailed ? "border border-bad bg-bad-soft" : "bg-brand text-brand-ink"
          }`}
        >
          {message.text}
        </p>
      )}
      {message.attachments && <Attachments attachments={message.attachments} isOwn />}
      {isFailed ? <Failed message={message} /> : <Waiting />}
    </article>
  );
}

function Waiting() {
  const isOnline = useSession((state) => state.link === "open");
  return (
    <p className="mx-1.5 mt-0.5 flex items-center gap-1 text-12 text-ink-3">
      <Clock aria-hidden size={12} strokeWidth={1.75} />
      {isOnline ? "sending" : "waiting for the connection"}
    </p>
  );
}

function Failed({ message }: { message: OutgoingMessage }) {
  const { session } = useWidget();
  const action = "font-medium underline underline-offset-2";
  return (
    <p role="alert" className="mx-1.5 mt-0.5 flex flex-wrap items-center gap-1.5 text-12 text-bad">
      <CircleAlert aria-hidden size={12} strokeWidth={1.75} />
      {message.error ?? "Not sent."}
      <button type="button" className={action} onClick={() => session.outbox.retry(message.clientId)}>
        Retry
      </button>
      <button type="button" className={action} onClick={() => session.outbox.discard(message.clientId)}>
        Delete
      </button>
    </p>
  );
}
