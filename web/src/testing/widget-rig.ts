import { onTestFinished, vi } from "vitest";
import { WidgetModel } from "@/apps/widget/widget-model";
import type { HostMessage, PanelMessage } from "@/shared/embed";
import { createSessionStore } from "@/shared/session/store";
import type { LiveSnapshot, ServerFrame } from "@/wire/wire.gen";
import { FakeWebSocket } from "./fake-web-socket";
import { CONVERSATION, snapshot, welcome } from "./frames";

export type WidgetRig = {
  model: WidgetModel;
  posted: PanelMessage[];
  init(more?: Partial<Extract<HostMessage, { type: "init" }>>): void;
  /** Take the connection up and welcome the visitor, with what was held or asked for. */
  connect(held?: LiveSnapshot | null): FakeWebSocket;
  /** Answer the last command of a type. */
  acknowledge(type: string, fields?: Record<string, unknown>): void;
  say(...frames: ServerFrame[]): void;
};

/** A widget whose page and server are under the test's hand. */
export function widgetRig(): WidgetRig {
  FakeWebSocket.all = [];
  const posted: PanelMessage[] = [];
  const model = new WidgetModel({
    url: "ws://shop.test/ws/chat",
    storage: localStorage,
    post: (message) => posted.push(message),
    sessionParts: {
      createStore: () => createSessionStore((flush) => flush()),
      socket: { random: () => 0, WebSocket: FakeWebSocket as unknown as typeof WebSocket },
    },
  });
  onTestFinished(() => {
    const session = model.state.getState()?.session;
    session?.dispose();
    session?.outbox.clear();
    localStorage.clear();
    vi.useRealTimers();
  });
  return {
    model,
    posted,
    init(more = {}) {
      model.receive({
        type: "init",
        widgetKey: "wk_demo",
        identity: null,
        page: { url: "https://shop.test/", title: "Shop" },
        theme: "auto",
        locale: "en",
        shopName: "Demo Outfitters",
        hours: "9–18",
        greeting: null,
        isOpen: true,
        ...more,
      });
    },
    connect(held) {
      const wire = FakeWebSocket.last;
      wire.serverOpens();
      const conversations =
        held === undefined ? [] : [{ conversation: CONVERSATION, resumed: false as const, snapshot: held }];
      wire.serverSays(welcome(String(wire.command("hello").id), { conversations }));
      return wire;
    },
    acknowledge(type, fields = {}) {
      const wire = FakeWebSocket.last;
      wire.serverSays({ type: "ack", id: wire.command(type).id, ...fields });
    },
    say(...frames) {
      for (const frame of frames) FakeWebSocket.last.serverSays(frame);
    },
  };
}

/** The conversation as `conversation.open` gives it. */
export const opened = { conversation: snapshot() };
