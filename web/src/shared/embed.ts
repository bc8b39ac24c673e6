import type { Identity, Page } from "@/wire/wire.gen";

/** What the loader on the shop's page and the panel in its frame say to each other. */

export type EmbedPage = Page;
export type EmbedIdentity = Identity;

export type HostMessage =
  | {
      type: "init";
      widgetKey: string;
      identity: Identity | null;
      page: Page;
      theme: "light" | "dark" | "auto";
      locale: string | null;
      shopName: string | null;
      hours: string | null;
      greeting: string | null;
      isOpen: boolean;
    }
  | { type: "open" }
  | { type: "close" }
  | { type: "page"; page: Page }
  | { type: "identify"; identity: Identity }
  | { type: "reset" };

export type PanelMessage =
  | { type: "ready" }
  /** The identity that the page gave is worth nothing any more: the page is to give a fresh one. */
  | { type: "unidentified" }
  | { type: "close" }
  | { type: "unread"; count: number }
  | { type: "visit"; url: string };

const MARK = "assistify";

/** Wrap a message, so that it is told from what other scripts post. */
export function sealed<T extends HostMessage | PanelMessage>(message: T): { assistify: 1; message: T } {
  return { [MARK]: 1, message };
}

/** Read a message that came from where it should; null for everything else. */
export function unsealed<T extends HostMessage | PanelMessage>(
  event: MessageEvent,
  from: { source: MessageEventSource | null; origin: string },
): T | null {
  if (event.source !== from.source || event.origin !== from.origin) return null;
  const data: unknown = event.data;
  if (typeof data !== "object" || data === null || !(MARK in data) || !("message" in data)) return null;
  return data.message as T;
}
