import { styles } from "./styles";

const CHAT = '<path d="M21 11.5a8.4 8.4 0 0 1-12 7.6L3 21l1.900-5.700A8.400 8.400 0 1 1 21 11.500z"/>';
const DOWN = '<path d="m6 9 6 6 6-6"/>';

export type View = {
  host: HTMLElement;
  bubble: HTMLButtonElement;
  frame: HTMLIFrameElement;
  setOpen(isOpen: boolean): void;
  setUnread(count: number): void;
};

export type Look = { theme: string; position: string; colour: string | null };

/** Put the bubble and the panel's frame into the page, in a shadow root of their own. */
export function createView(frameUrl: string, look: Look): View {
  const host = document.createElement("div");
  host.id = "assistify";
  host.dataset.theme = look.theme;
  host.dataset.position = look.position;
  if (look.colour) paint(host, look.colour);
  const root = host.attachShadow({ mode: "open" });
  // A constructed sheet is not a style element: it needs no exception in the page's content security policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];

  const panel = document.createElement("div");
  panel.className = "panel";
  const frame = document.createElement("iframe");
  frame.title = "Chat";
  frame.src = frameUrl;
  frame.allow = "clipboard-write";
  frame.dataset.testid = "panel-frame";
  panel.append(frame);

  const bubble = document.createElement("button");
  bubble.className = "bubble";
  bubble.type = "button";
  bubble.dataset.testid = "bubble";
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.dataset.testid = "badge";
  bubble.append(icon, badge);
  root.append(panel, bubble);
  document.body.append(host);

  let unread = 0;
  let isOpen = false;
  const render = () => {
    panel.classList.toggle("open", isOpen);
    frame.tabIndex = isOpen ? 0 : -1;
    icon.innerHTML = isOpen ? DOWN : CHAT;
    bubble.setAttribute("aria-expanded", String(isOpen));
    const count = isOpen ? 0 : unread;
    bubble.setAttribute("aria-label", label(isOpen, count));
    badge.hidden = count === 0;
    badge.textContent = count > 99 ? "99+" : String(count);
  };
  render();

  return {
    host,
    bubble,
    frame,
    setOpen(next) {
      isOpen = next;
      render();
    },
    setUnread(count) {
      unread = count;
      render();
    },
  };
}

/** Give the bubble a colour, and its icon the one of black and white that is seen better on it (WCAG 2.2, 1.4.11). */
function paint(host: HTMLElement, colour: string): void {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  host.style.setProperty("--brand", colour);
  host.style.setProperty("--brand-hover", `color-mix(in srgb, ${colour} 88%, black)`);
  host.style.setProperty("--ink", luminance > 0.179 ? "#0f1020" : "#fff");
}

function label(isOpen: boolean, unread: number): string {
  if (isOpen) return "Close chat";
  if (unread === 0) return "Open chat";
  return `Open chat, ${unread} unread ${unread === 1 ? "message" : "messages"}`;
}
