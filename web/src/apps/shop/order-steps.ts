import { shortDay } from "@/features/format/time";
import type { Order } from "./records";

export const STEPS = ["Ordered", "Packed", "Shipped", "Delivered"] as const;

const DONE: Readonly<Record<string, number>> = {
  "awaiting payment": 1,
  processing: 2,
  shipped: 3,
  delayed: 3,
  "out for delivery": 3,
  delivered: 4,
};

/** How many of the four steps an order has behind it; null when it goes another way. */
export function stepsDone(status: string): number | null {
  return DONE[status] ?? null;
}

/** Where the order is, in one sentence. */
export function stepLine(order: Order, now: Date): string {
  if (order.delivered_on) return `Delivered on ${shortDay(order.delivered_on, now)}`;
  const status = order.status.charAt(0).toUpperCase() + order.status.slice(1);
  return order.arrives_on ? `${status}, arrives ${shortDay(order.arrives_on, now)}` : status;
}
