import { ExternalLink } from "lucide-react";
import { shortDay } from "@/features/format/time";
import { STEPS, stepsDone } from "@/features/orders/order-steps";
import type { OrderState } from "@/wire/wire.gen";

/** The order that an answer is about: number, four steps, and where the parcel is. */
export function OrderCard({ order }: { order: OrderState }) {
  const done = stepsDone(order.state);
  const state = order.state.charAt(0).toUpperCase() + order.state.slice(1);
  const side = order.arrives ? `Arrives ${shortDay(order.arrives, new Date())}` : state;
  return (
    <section
      data-testid="order-card"
      aria-label={`Order ${order.number}`}
      className="mt-1.5 w-[84%] rounded-[12px] border border-line px-[13px] py-[11px]"
    >
      <p className="flex justify-between gap-3">
        <span className="font-medium">{order.number}</span>
        <span className="text-ink-2">{side}</span>
      </p>
      {done !== null && <Steps done={done} />}
      {order.tracking && (
        <p className="mt-1.5 text-13 text-ink-2">
          {order.carrier}{" "}
          {order.tracking_url ? (
            <a
              href={order.tracking_url}
              target="_blank"
              rel="noopener noreferrer"
              className="inline-flex items-center gap-1 break-all text-ink underline underline-offset-2"
            >
              {order.tracking}
              <ExternalLink aria-hidden size={12} className="shrink-0" />
            </a>
          ) : (
            <span className="break-all text-ink">{order.tracking}</span>
          )}
        </p>
      )}
    </section>
  );
}

function Steps({ done }: { done: number }) {
  return (
    <ol className="mt-2.5 grid grid-cols-4 gap-1 text-12 text-ink-3">
      {STEPS.map((step, index) => (
        <li key={step} aria-current={index === done - 1 ? "step" : undefined}>
          <span
            aria-hidden
            className={`mb-1.5 block h-1 rounded-full ${index < done ? "bg-brand" : "bg-sunk"}`}
          />
          {step}
        </li>
      ))}
    </ol>
  );
}
