import { type AssistifyApi, startWidget, type WidgetConfig } from "./widget";

type Call = [method: string, ...args: unknown[]];
/** `Assistify` on the page: the interface, which also takes calls in the form used before it was loaded. */
type Installed = AssistifyApi & { isInstalled: true; push(call: Call): void };

declare global {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be merged into the browser's
  interface Window {
    Assistify?: Installed | Call[];
  }
}

/**
 * Start the widget for the script element that loaded it, once per page. A page that cannot wait for the
 * script may write `(window.Assistify = window.Assistify || []).push(["identify", {...}])`.
 */
export function install(script: Element | null): void {
  const before = window.Assistify;
  if (before && "isInstalled" in before) return;
  const config = readConfig(script);
  if (!config) return;
  const calls = Array.isArray(before) ? before : [];
  const start = () => {
    const api = startWidget(config);
    const push = ([method, ...args]: Call) => {
      const call = api[method as keyof AssistifyApi] as ((...args: unknown[]) => void) | undefined;
      call?.(...args);
    };
    window.Assistify = { ...api, isInstalled: true, push };
    for (const call of calls) push(call);
  };
  if (document.body) {
    start();
  } else {
    // The place is taken at once, so that a second script does nothing while the page is still loading.
    const wait = (...call: Call) => void calls.push(call);
    window.Assistify = {
      isInstalled: true,
      push: (call: Call) => void calls.push(call),
      identify: (identity) => wait("identify", identity),
      open: () => wait("open"),
      close: () => wait("close"),
      reset: () => wait("reset"),
    };
    document.addEventListener("DOMContentLoaded", start, { once: true });
  }
}

function readConfig(script: Element | null): WidgetConfig | null {
  if (!(script instanceof HTMLScriptElement)) {
    console.error("Assistify: load widget.js with a classic script element, not as a module.");
    return null;
  }
  const { widgetKey, theme, locale, shopName, hours, position, colour, greeting } = script.dataset;
  if (!widgetKey) {
    console.error("Assistify: the script element needs data-widget-key.");
    return null;
  }
  return {
    origin: new URL(script.src, location.href).origin,
    widgetKey,
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    locale: locale ?? (document.documentElement.lang || null),
    shopName:
      shopName ?? document.querySelector<HTMLMetaElement>('meta[property="og:site_name"]')?.content ?? null,
    hours: hours ?? null,
    greeting: greeting || null,
    position: position === "left" ? "left" : "right",
    colour: colour && /^#[0-9a-f]{6}$/i.test(colour) ? colour : null,
  };
}
