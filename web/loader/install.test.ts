import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sealed } from "@/shared/embed";
import { install } from "./install";

const ORIGIN = "https://chat.test";
const posted: { data: { message: { type: string } & Record<string, unknown> }; origin: string }[] = [];

function script(attributes: Record<string, string> = { "data-widget-key": "wk_demo" }): HTMLScriptElement {
  const element = document.createElement("script");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.defineProperty(element, "src", { value: `${ORIGIN}/widget.js` });
  return element;
}

function shadow(): ShadowRoot {
  const root = document.querySelector("#assistify")?.shadowRoot;
  if (!root) throw new Error("no widget on the page");
  return root;
}

const find = <T extends Element>(testId: string) =>
  shadow().querySelector<T>(`[data-testid="${testId}"]`) as T;
const bubble = () => find<HTMLButtonElement>("bubble");
const frame = () => find<HTMLIFrameElement>("panel-frame");

/** Let the frame post to the page, from its own window and origin unless told otherwise. */
function fromPanel(message: Record<string, unknown>, more: { origin?: string; source?: unknown } = {}): void {
  const source = "source" in more ? more.source : frame().contentWindow;
  const event = new MessageEvent("message", {
    data: sealed(message as never),
    origin: more.origin ?? ORIGIN,
  });
  Object.defineProperty(event, "source", { value: source });
  window.dispatchEvent(event);
}

function load(): void {
  install(script());
  const panelWindow = {
    postMessage: (data: (typeof posted)[number]["data"], origin: string) => posted.push({ data, origin }),
  };
  Object.defineProperty(frame(), "contentWindow", { value: panelWindow });
}

const types = () => posted.map((entry) => entry.data.message.type);

let listeners: [string, EventListenerOrEventListenerObject][] = [];

beforeEach(() => {
  // happy-dom loads no frames, and complains about each.
  vi.spyOn(console, "error").mockImplementation(() => {});
  const add = window.addEventListener.bind(window);
  vi.spyOn(window, "addEventListener").mockImplementation((type: string, listener: unknown) => {
    listeners.push([type, listener as EventListener]);
    add(type, listener as EventListener);
  });
});

afterEach(() => {
  for (const [type, listener] of listeners) window.removeEventListener(type, listener);
  listeners = [];
  posted.length = 0;
  sessionStorage.clear();
  document.body.replaceChildren();
  delete window.Assistify;
});

describe("the loader", () => {
  it("puts one closed bubble and a frame from its own origin on the page", () => {
    load();
    expect(bubble().getAttribute("aria-label")).toBe("Open chat");
    expect(bubble().getAttribute("aria-expanded")).toBe("false");
    expect(frame().src).toBe(`${ORIGIN}/widget/?key=wk_demo#${location.origin}`);
  });

  it("does nothing when it runs a second time", () => {
    load();
    install(script());
    expect(document.querySelectorAll("#assistify")).toHaveLength(1);
  });

  it("says what is missing instead of starting without a key", () => {
    install(script({}));
    expect(document.querySelector("#assistify")).toBeNull();
    expect(vi.mocked(console.error).mock.calls[0]?.[0]).toContain("data-widget-key");
  });

  it("tells the panel who and where the visitor is once the panel is ready, and only its origin", () => {
    load();
    if (!window.Assistify || Array.isArray(window.Assistify)) throw new Error("not installed");
    window.Assistify.identify({ id: "cust_42", hash: "abc" });
    expect(posted).toEqual([]);
    fromPanel({ type: "ready" });
    expect(posted[0]?.origin).toBe(ORIGIN);
    expect(posted[0]?.data.message).toMatchObject({
      type: "init",
      widgetKey: "wk_demo",
      identity: { id: "cust_42", hash: "abc" },
      page: { url: location.href },
      isOpen: false,
    });
  });

  it("does not listen to other origins or other windows", () => {
    load();
    fromPanel({ type: "ready" }, { origin: "https://evil.test" });
    fromPanel({ type: "ready" }, { source: window });
    window.dispatchEvent(new MessageEvent("message", { data: { type: "ready" }, origin: ORIGIN }));
    expect(posted).toEqual([]);
  });

  it("opens and closes with the bubble, and stays open on the next page", () => {
    load();
    fromPanel({ type: "ready" });
    bubble().click();
    expect(bubble().getAttribute("aria-expanded")).toBe("true");
    expect(types()).toEqual(["init", "page", "open"]);
    expect(sessionStorage.getItem("assistify:open")).toBe("1");
    fromPanel({ type: "close" });
    expect(bubble().getAttribute("aria-expanded")).toBe("false");
  });

  it("counts unread messages on the bubble while it is closed", () => {
    load();
    fromPanel({ type: "unread", count: 2 });
    expect(find("badge").textContent).toBe("2");
    expect(bubble().getAttribute("aria-label")).toBe("Open chat, 2 unread messages");
    bubble().click();
    expect(find<HTMLElement>("badge").hidden).toBe(true);
  });

  it("carries out what the page asked for before the script was there", () => {
    window.Assistify = [["identify", { id: "cust_42", hash: "abc" }], ["open"], ["unheard-of"]];
    load();
    fromPanel({ type: "ready" });
    expect(posted[0]?.data.message).toMatchObject({ isOpen: true, identity: { id: "cust_42" } });
  });

  it("forgets the visitor when the page says so", () => {
    load();
    fromPanel({ type: "ready" });
    window.Assistify?.push(["identify", { id: "cust_42", hash: "abc" }]);
    window.Assistify?.push(["reset"]);
    expect(types()).toEqual(["init", "identify", "reset"]);
  });

  it("looks as the page wants, with an icon that is seen on its colour", () => {
    const attributes = {
      "data-widget-key": "wk_demo",
      "data-position": "left",
      "data-greeting": "Hello there",
    };
    install(script({ ...attributes, "data-colour": "#ffd400" }));
    const host = document.querySelector<HTMLElement>("#assistify");
    expect(host?.dataset.position).toBe("left");
    expect(host?.style.getPropertyValue("--brand")).toBe("#ffd400");
    expect(host?.style.getPropertyValue("--ink")).toBe("#0f1020");
  });

  it("tells the page when the identity it gave has run out", () => {
    load();
    const told = vi.fn();
    window.addEventListener("assistify:unidentified", told);
    fromPanel({ type: "unidentified" }, { origin: "https://evil.test" });
    expect(told).not.toHaveBeenCalled();
    fromPanel({ type: "unidentified" });
    expect(told).toHaveBeenCalledOnce();
  });

  it("follows links of the panel to web addresses alone", () => {
    load();
    const went = vi.spyOn(location, "assign").mockImplementation(() => {});
    fromPanel({ type: "visit", url: "javascript:alert(1)" });
    expect(went).not.toHaveBeenCalled();
    fromPanel({ type: "visit", url: "/products/jkt-summit" });
    expect(String(went.mock.calls[0]?.[0])).toContain("/products/jkt-summit");
  });
});
