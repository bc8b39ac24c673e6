import { Package } from "lucide-react";
import { money } from "@/features/format/money";
import { shortDay } from "@/features/format/time";
import { orderLine, STEPS, stepsDone } from "@/features/orders/order-steps";
import { LoadingProblem } from "./loading-problem";
import type { Order, Product } from "./records";
import { useCatalogue, useRecords } from "./use-records";
import { useTitle } from "./use-title";
import { useVisitor } from "./visitor";

export function OrdersPage() {
  useTitle("Your orders");
  const { who, name } = useVisitor();
  if (who === "guest") return <SignInFirst />;
  return (
    <>
      <h1 className="mt-10 text-28 font-semibold tracking-tight">Your orders</h1>
      <p className="mt-1 mb-7 text-ink-2">Signed in as {name ?? "Ana"}</p>
      <Orders />
    </>
  );
}

function SignInFirst() {
  const become = useVisitor((state) => state.become);
  return (
    <div className="mx-auto mt-20 max-w-[420px] text-center">
      <Package aria-hidden size={36} strokeWidth={1.25} className="mx-auto text-ink-3" />
      <h1 className="mt-4 text-20 font-semibold">Your orders are here once you sign in</h1>
      <p className="mt-2 text-ink-2">This demo has one customer to try: Ana, whose jacket is on its way.</p>
      <button
        type="button"
        onClick={() => void become("ana")}
        className="mt-5 rounded-full bg-ink px-6 py-2.5 font-medium text-bg transition-opacity hover:opacity-90"
      >
        Sign in as Ana
      </button>
    </div>
  );
}

function Orders() {
  const { data, error, reload } = useRecords<Order[]>("/demo/orders?as=ana");
  const products = useCatalogue((state) => state.products);
  if (error) return <LoadingProblem text={error} onRetry={reload} />;
  if (!data) return <div aria-hidden className="h-52 rounded-2 bg-sunk" />;
  if (data.length === 0) return <p className="text-ink-2">There are no orders yet.</p>;
  return (
    <ul className="flex flex-col gap-4">
      {[...data].sort(newestFirst).map((order) => (
        <OrderCard key={order.number} order={order} products={products ?? []} />
      ))}
    </ul>
  );
}

function newestFirst(one: Order, other: Order): number {
  return other.placed.localeCompare(one.placed);
}

function OrderCard({ order, products }: { order: Order; products: readonly Product[] }) {
  const now = new Date();
  return (
    <li data-testid="order" className="rounded-[14px] border border-line bg-bg p-5">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h2 className="text-16 font-semibold">{order.number}</h2>
        <span className="text-14 text-ink-2">placed {shortDay(order.placed, now)}</span>
        <span className="ml-auto font-medium">{money(order.total, order.currency)}</span>
      </div>
      <Steps order={order} />
      <p className="mt-2 text-14 text-ink-2">
        {order.delivered
          ? `Delivered on ${shortDay(order.delivered, now)}`
          : orderLine(order.state, order.arrives, now)}
      </p>
      <ul className="mt-4 flex flex-wrap gap-4 border-t border-line pt-4">
        {order.items.map((title) => (
          <li key={title} className="flex items-center gap-3 text-14">
            <img src={pictureOf(products, title)} alt="" className="size-12 rounded-1 bg-sunk object-cover" />
            {title}
          </li>
        ))}
      </ul>
      {order.tracking && (
        <p className="mt-4 text-14 text-ink-2">
          {order.carrier}, tracking <span className="font-medium text-ink">{order.tracking}</span>
        </p>
      )}
    </li>
  );
}

function pictureOf(products: readonly Product[], title: string): string {
  return products.find((product) => product.title === title)?.image_url ?? "";
}

function Steps({ order }: { order: Order }) {
  const done = stepsDone(order.state);
  if (done === null) return null;
  return (
    <ol className="mt-4 grid grid-cols-4 gap-1.5 text-12 text-ink-3">
      {STEPS.map((step, index) => (
        <li key={step} aria-current={index === done - 1 ? "step" : undefined}>
          <span className={`mb-1.5 block h-1 rounded-full ${index < done ? "bg-ink" : "bg-line"}`} />
          <span className={index < done ? "text-ink-2" : ""}>{step}</span>
        </li>
      ))}
    </ol>
  );
}
