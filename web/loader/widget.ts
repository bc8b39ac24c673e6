import { type EmbedIdentity, type HostMessage, type PanelMessage, sealed, unsealed } from "@/shared/embed";
import { onPageChange, pageContext } from "./page-context";
import { createView } from "./view";

export type WidgetConfig = {
  /** Where the script came from: the panel's origin, and the only one that is spoken to. */
  origin: string;
  widgetKey: string;
  theme: "light" | "dark" | "auto";
  locale: string | null;
  shopName: string | null;
  hours: string | null;
  /** What the panel says before the first message, in place of its own words. */
  greeting: string | null;
  position: "left" | "right";
  /** Of the bubble, as #rrggbb. */
  colour: string | null;
};

export type AssistifyApi = {
  /** Say who is signed in; `hash` is hex HMAC-SHA256(widget secret, id), made by the shop's server. */
  identify(identity: EmbedIdentity): void;
  open(): void;
  close(): void;
  /** Forget the visitor, for instance when the customer signs out. */
  reset(): void;
};

const OPEN_KEY = "assistify:open";
/** Told to the page when the identity it gave has run out: it is to call `identify` with a fresh one. */
export const UNIDENTIFIED = "assistify:unidentified";

/** Put the widget on the page. */
export function startWidget(config: WidgetConfig): AssistifyApi {
  // The key lets the server say which shops may frame the panel; the fragment never leaves the browser.
  const query = `key=${encodeURIComponent(config.widgetKey)}`;
  const view = createView(`${config.origin}/widget/?${query}#${location.origin}`, config);
  let isReady = false;
  let isOpen = wasOpen();
  let identity: EmbedIdentity | null = null;

  const post = (message: HostMessage) => {
    if (isReady) view.frame.contentWindow?.postMessage(sealed(message), config.origin);
  };
  const setOpen = (next: boolean) => {
    isOpen = next;
    remember(next);
    view.setOpen(next);
    post({ type: "page", page: pageContext() });
    post({ type: next ? "open" : "close" });
    if (next) view.frame.focus();
    else view.bubble.focus({ preventScroll: true });
  };
  const { locale, shopName, hours, greeting, theme, widgetKey } = config;
  const receive = (message: PanelMessage) => {
    if (message.type === "ready") {
      isReady = true;
      const page = pageContext();
      post({ type: "init", widgetKey, identity, page, theme, locale, shopName, hours, greeting, isOpen });
    } else if (message.type === "close") setOpen(false);
    else if (message.type === "unread") view.setUnread(Number(message.count) || 0);
    else if (message.type === "visit") visit(message.url);
    else if (message.type === "unidentified") window.dispatchEvent(new CustomEvent(UNIDENTIFIED));
  };

  window.addEventListener("message", (event) => {
    const from = { source: view.frame.contentWindow, origin: config.origin };
    const message = unsealed<PanelMessage>(event, from);
    if (message) receive(message);
  });
  view.bubble.addEventListener("click", () => setOpen(!isOpen));
  onPageChange(() => post({ type: "page", page: pageContext() }));
  view.setOpen(isOpen);

  return {
    identify(next) {
      identity = next;
      post({ type: "identify", identity: next });
    },
    open: () => setOpen(true),
    close: () => setOpen(false),
    reset() {
      identity = null;
      post({ type: "reset" });
    },
  };
}

/** Go to a page that the panel links to; only to web addresses. */
function visit(url: string): void {
  const target = new URL(url, location.href);
  if (target.protocol === "https:" || target.protocol === "http:") location.assign(target);
}

/** An open panel stays open on the shop's next page, in this tab. */
function wasOpen(): boolean {
  try {
    return sessionStorage.getItem(OPEN_KEY) === "1";
  } catch {
    return false;
  }
}

function remember(isOpen: boolean): void {
  try {
    sessionStorage.setItem(OPEN_KEY, isOpen ? "1" : "0");
  } catch {
    // Without storage the panel is closed on the next page.
  }
}
