import { QUEUES, type QueueName } from "@/features/inbox/queue";

/** Where the application is served. */
export const BASE = "/console";

export const INSIGHTS = "/insights";

/** Customers to be played, in the demo alone. */
export const SIMULATOR = "/simulator";

export function queuePath(queue: QueueName, conversation: string | null = null): string {
  return conversation === null ? `/queue/${queue}` : `/queue/${queue}/${conversation}`;
}

/** The queue a path names; `mine` for any other word. */
export function queueOf(name: string | undefined): QueueName {
  return QUEUES.find((queue) => queue.name === name)?.name ?? "mine";
}
