import { money } from "../format/money";
import { shortDay } from "../format/time";
import { plural, titleWords } from "../format/words";
import { Chip, type Tone } from "../ui/chip";
import { type Order, orderSteps } from "./record";

const STEPS = ["Ordered", "Packed", "Shipped", "Delivered"];

const TONES: Readonly<Record<string, Tone>> = {
  delivered: "ok",
  delayed: "warn",
  returned: "warn",
  refunded: "warn",
  cancelled: "bad",
};

function Steps({ reached }: { reached: number }) {
  return (
    <div
      role="img"
      aria-label={`Step ${reached} of 4: ${STEPS[reached - 1] ?? ""}`}
      className="mt-2 grid grid-cols-4 gap-1"
    >
      {STEPS.map((step, index) => (
        <i
          key={step}
          title={step}
          className={`h-[3px] rounded-full ${index < reached ? "bg-ok" : "bg-line-strong"}`}
        />
      ))}
    </div>
  );
}

export function OrderCard({ order }: { order: Order }) {
  const reached = orderSteps(order.state);
  const arrival =
    order.arrives === null || order.state === "delivered" ? null : shortDay(order.arrives, new Date());
  const way = [arrival === null ? null : `Arrives ${arrival}`, order.carrier].filter(Boolean).join(" · ");
  const total = order.total === null ? null : money(order.total, order.currency);
  const items = order.items > 0 ? plural(order.items, "item", "items") : null;
  return (
    <li className="rounded-2 border border-line bg-bg px-3 py-2.5">
      <div className="flex items-center justify-between font-medium">
        {order.number}
        <Chip tone={TONES[order.state] ?? "plain"}>{titleWords(order.state)}</Chip>
      </div>
      {reached !== null && <Steps reached={reached} />}
      {way !== "" && <p className="mt-1 text-ink-2">{way}</p>}
      {order.tracking !== null && <p className="text-12 break-all text-ink-3 select-all">{order.tracking}</p>}
      <p className="text-12 text-ink-3">{[items, total].filter(Boolean).join(" · ")}</p>
    </li>
  );
}
