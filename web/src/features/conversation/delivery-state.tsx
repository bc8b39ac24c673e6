import { useMutation } from "@tanstack/react-query";
import { Check, CheckCheck, Clock3, RotateCw, TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { MessageView } from "@/shared/session/state";
import { CommandError } from "@/shared/socket";
import type { Delivery } from "@/wire/wire.gen";
import { useConsole } from "../live/console-session";
import { UseTemplate } from "./template-picker";
import { useMayWrite } from "./use-may-write";

type StateProps = { conversation: string; message: MessageView };

const TICKS = {
  queued: { icon: Clock3, words: "on its way", tone: "text-ink-3" },
  sending: { icon: Clock3, words: "on its way", tone: "text-ink-3" },
  sent: { icon: Check, words: "sent", tone: "text-ink-3" },
  delivered: { icon: CheckCheck, words: "delivered", tone: "text-ink-3" },
  read: { icon: CheckCheck, words: "read", tone: "text-brand" },
};

const WINDOW_CLOSED = "window_closed";

const REASONS: Record<string, string> = {
  [WINDOW_CLOSED]: "the channel's time to answer is over",
  account_broken: "the channel account needs to be connected again",
  unreachable: "the channel could not be reached",
};

/** What became of a message on an external channel; what failed can be sent again by one click. */
export function DeliveryState({ conversation, message }: StateProps) {
  if (message.delivery === null) return null;
  const { status } = message.delivery;
  if (status in TICKS) return <Ticks status={status as keyof typeof TICKS} />;
  return <Trouble conversation={conversation} message={message} delivery={message.delivery} />;
}

function Ticks({ status }: { status: keyof typeof TICKS }) {
  const { icon: Icon, words, tone } = TICKS[status];
  return (
    <p
      data-testid="delivery"
      data-status={status}
      className={`mt-0.5 flex items-center gap-1 text-12 ${tone}`}
    >
      <Icon aria-hidden size={13} />
      {words}
    </p>
  );
}

function words(delivery: Delivery, text: string): string {
  const size = new TextEncoder().encode(text).length;
  const went = delivery.to ?? 0;
  switch (delivery.status) {
    case "canceled":
      return went > 0 && went < size ? "only the beginning was delivered" : "not delivered: taken over";
    case "unknown":
      return "delivery not confirmed";
    default: {
      const reason = delivery.error ? (REASONS[delivery.error] ?? `error ${delivery.error}`) : null;
      return reason === null ? "not delivered" : `not delivered: ${reason}`;
    }
  }
}

function Trouble({ conversation, message, delivery }: StateProps & { delivery: Delivery }) {
  const mayWrite = useMayWrite();
  const canResend = delivery.status !== "canceled" && mayWrite;
  return (
    <div
      data-testid="delivery"
      data-status={delivery.status}
      className="mt-1 flex flex-wrap items-center gap-1 text-12 text-bad"
    >
      <TriangleAlert aria-hidden size={12} />
      <span>{words(delivery, message.text)}</span>
      {delivery.error === WINDOW_CLOSED && mayWrite && <UseTemplate conversation={conversation} />}
      {canResend && <Resend conversation={conversation} message={message.id} />}
    </div>
  );
}

function Resend({ conversation, message }: { conversation: string; message: string }) {
  const { client } = useConsole();
  // One key for this state of the message: however often it is pressed, it is sent once.
  const [key] = useState(() => crypto.randomUUID());
  const resend = useMutation({
    mutationFn: () =>
      client.request<"delivery.resend">({ type: "delivery.resend", conversation, message, client_id: key }),
  });
  const refused = resend.error instanceof CommandError ? resend.error.message : null;
  return (
    <>
      <button
        type="button"
        disabled={resend.isPending}
        onClick={() => resend.mutate()}
        className="inline-flex items-center gap-1 rounded-1 px-1 text-ink underline hover:bg-sunk disabled:opacity-50"
      >
        <RotateCw aria-hidden size={11} />
        Send again
      </button>
      {refused !== null && <span role="alert">{refused}</span>}
    </>
  );
}
