import { createStore, type StoreApi } from "zustand/vanilla";
import type { HostMessage, PanelMessage } from "@/shared/embed";
import type { Identity, Page } from "@/wire/wire.gen";
import { isDated, VisitorSession, type VisitorSessionOptions } from "./visitor-session";
import { openSlot, wipeSlots } from "./visitor-slot";

export type Settings = Omit<Extract<HostMessage, { type: "init" }>, "type" | "identity" | "page" | "isOpen">;

export type WidgetState = {
  settings: Settings;
  session: VisitorSession;
  isOpen: boolean;
};

export type WidgetOptions = {
  url: string;
  storage: Storage | null;
  post: (message: PanelMessage) => void;
  sessionParts?: Pick<VisitorSessionOptions, "createStore" | "socket">;
};

/** The panel as the shop's page steers it: which visitor, open or closed, how much is unread. */
export class WidgetModel {
  readonly state: StoreApi<WidgetState | null> = createStore<WidgetState | null>(() => null);
  private identity: Identity | null = null;
  private page: Page = {};
  private unsubscribe: (() => void) | null = null;

  constructor(private readonly options: WidgetOptions) {}

  receive(message: HostMessage): void {
    if (message.type === "init") {
      const { type: _type, identity, page, isOpen, ...settings } = message;
      this.page = page;
      this.begin(settings, identity, isOpen);
    } else if (message.type === "page") this.page = message.page;
    else if (message.type === "identify") this.identify(message.identity);
    else if (message.type === "reset") this.reset();
    else if (message.type === "open" || message.type === "close") this.setOpen(message.type === "open");
  }

  /** The visitor asks for the panel to be closed. */
  close(): void {
    this.options.post({ type: "close" });
  }

  visit(url: string): void {
    this.options.post({ type: "visit", url });
  }

  /** Forget the visitor and begin as a new one. */
  reset(): void {
    const current = this.state.getState();
    if (!current) return;
    current.session.dispose();
    current.session.outbox.clear();
    wipeSlots(this.options.storage, current.settings.widgetKey);
    this.begin(current.settings, null, current.isOpen);
  }

  /** Tell the page how much is unread, or that everything is read when the visitor looks. */
  review(): void {
    const current = this.state.getState();
    if (!current) return;
    const { session, isOpen } = current;
    if (isOpen && document.visibilityState === "visible") session.markRead();
    this.options.post({ type: "unread", count: session.unread });
  }

  private identify(identity: Identity): void {
    const current = this.state.getState();
    if (!current || (identity.id === this.identity?.id && identity.hash === this.identity.hash)) return;
    if (identity.id === this.identity?.id && isDated(identity) && isDated(this.identity)) {
      // The same customer with a fresh signature: nothing on the screen begins anew.
      this.identity = identity;
      current.session.renew(identity);
      return;
    }
    this.begin(current.settings, identity, current.isOpen);
  }

  private begin(settings: Settings, identity: Identity | null, isOpen: boolean): void {
    const before = this.state.getState()?.session;
    this.unsubscribe?.();
    before?.dispose();
    this.identity = identity;
    const { storage, url, sessionParts } = this.options;
    const session = new VisitorSession({
      ...sessionParts,
      url,
      storage,
      identity,
      widgetKey: settings.widgetKey,
      locale: settings.locale,
      page: () => this.page,
      onUnidentified: () => this.options.post({ type: "unidentified" }),
      slot: openSlot(storage, settings.widgetKey, identity),
    });
    this.unsubscribe = session.client.store.view.subscribe(() => this.review());
    this.state.setState({ settings, session, isOpen }, true);
    if (isOpen || session.hasHistory) session.connect();
    this.review();
  }

  private setOpen(isOpen: boolean): void {
    const current = this.state.getState();
    if (!current) return;
    this.state.setState({ ...current, isOpen });
    if (isOpen) current.session.connect();
    this.review();
  }
}
