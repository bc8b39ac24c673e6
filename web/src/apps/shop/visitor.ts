import { create } from "zustand";
import { type DemoSession, fetchRecords } from "./records";

export type Who = "guest" | "ana";
type Visitor = { who: Who; name: string | null; error: string | null; become: (who: Who) => Promise<void> };

const KEY = "demo-outfitters:who";

function remembered(): Who {
  return sessionStorage.getItem(KEY) === "ana" ? "ana" : "guest";
}

/** Call the widget, also before its script is there. */
function widget(...call: [string, ...unknown[]]): void {
  window.Assistify ??= [];
  window.Assistify.push(call);
}

/** Add the widget as any shop does: one script element with the shop's key. */
function addWidget(widgetKey: string): void {
  if (document.querySelector("script[data-widget-key]")) return;
  const script = document.createElement("script");
  script.async = true;
  script.src = "/widget.js";
  script.dataset.widgetKey = widgetKey;
  script.dataset.hours = "9–18";
  document.head.append(script);
}

export function openChat(): void {
  widget("open");
}

/** Who the visitor of the demo is. A real shop knows it from its own sign-in, and signs the id on its server. */
export const useVisitor = create<Visitor>((set, get) => ({
  who: remembered(),
  name: null,
  error: null,
  async become(who) {
    const before = get();
    try {
      const session = await fetchRecords<DemoSession>(`/demo/session?as=${who}`);
      sessionStorage.setItem(KEY, who);
      if (session.identity) widget("identify", session.identity);
      else if (before.who !== "guest") widget("reset");
      set({ who, name: session.identity?.name ?? null, error: null });
      addWidget(session.widget_key);
    } catch (reason) {
      set({ error: (reason as Error).message });
    }
  },
}));
