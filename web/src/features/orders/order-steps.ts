import { shortDay } from "../format/time";

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
export function stepsDone(state: string): number | null {
  return DONE[state] ?? null;
}

/** "Shipped, arrives Fri 27 Nov". */
export function orderLine(state: string, arrives: string | null, now: Date): string {
  const words = state.charAt(0).toUpperCase() + state.slice(1);
  return arrives ? `${words}, arrives ${shortDay(arrives, now)}` : words;
}
