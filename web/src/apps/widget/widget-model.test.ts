import { describe, expect, it, vi } from "vitest";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { CONVERSATION, created, message, snapshot } from "@/testing/frames";
import { opened, widgetRig } from "@/testing/widget-rig";

const ana = { id: "cust_42", hash: "abc" };

async function talk(rig: ReturnType<typeof widgetRig>, text: string): Promise<void> {
  rig.model.state.getState()?.session.send(text);
  await vi.waitFor(() => FakeWebSocket.last.command("conversation.open"));
  rig.acknowledge("conversation.open", opened);
  await vi.waitFor(() => FakeWebSocket.last.command("message.send"));
}

describe("the widget on a page", () => {
  it("does not connect for a visitor who never opened it", () => {
    const rig = widgetRig();
    rig.init({ isOpen: false });
    expect(FakeWebSocket.all).toHaveLength(0);
    rig.model.receive({ type: "open" });
    expect(FakeWebSocket.all).toHaveLength(1);
  });

  it("says who and where the visitor is, and no secret in the address", () => {
    const rig = widgetRig();
    rig.init({ identity: ana });
    const wire = rig.connect();
    expect(wire.url).toBe("ws://shop.test/ws/chat");
    expect(wire.command("hello")).toMatchObject({
      widget_key: "wk_demo",
      token: null,
      identity: ana,
      page: { url: "https://shop.test/" },
      locale: "en",
      resume: [],
    });
  });

  it("goes on with its conversation on the next page, also while it is closed", async () => {
    const rig = widgetRig();
    rig.init();
    rig.connect();
    await talk(rig, "hello");
    rig.acknowledge("message.send", { message: "m1", seq: 1 });
    rig.say(created(1, message(1, "customer", "hello")), created(2, message(2, "bot", "Hi!")));

    const next = widgetRig();
    next.init({ isOpen: false });
    const messages = [1, 2, 3].map((seq) => message(seq, seq === 1 ? "customer" : "bot", `text ${seq}`));
    const wire = next.connect(snapshot({ seq: 3, messages }));
    expect(wire.command("hello")).toMatchObject({
      token: "visitor-token",
      resume: [{ conversation: CONVERSATION }],
    });
    expect(next.posted.at(-1)).toEqual({ type: "unread", count: 1 });
    next.model.receive({ type: "open" });
    expect(wire.command("read")).toMatchObject({ conversation: CONVERSATION, seq: 3 });
    expect(next.posted.at(-1)).toEqual({ type: "unread", count: 0 });
  });

  it("begins anew when the identity changes, and inherits nothing", async () => {
    const rig = widgetRig();
    rig.init();
    const guest = rig.connect();
    await talk(rig, "hello");
    rig.model.receive({ type: "identify", identity: ana });
    expect(guest.isClosed).toBe(true);
    const wire = rig.connect();
    expect(wire.command("hello")).toMatchObject({ token: null, identity: ana, resume: [] });
    expect(rig.model.state.getState()?.session.outbox.messages.getState()).toEqual([]);
    rig.model.receive({ type: "identify", identity: { ...ana } });
    expect(FakeWebSocket.last).toBe(wire);
  });

  it("goes on undisturbed when the same customer's signature is renewed", () => {
    const rig = widgetRig();
    rig.init({ identity: { id: "42", hash: "1000.aa" } });
    const wire = rig.connect();
    rig.model.receive({ type: "identify", identity: { id: "42", hash: "2000.bb" } });
    expect(wire.isClosed).toBe(false);
    expect(FakeWebSocket.last).toBe(wire);
    wire.serverCloses(4501);
    expect(rig.posted).toContainEqual({ type: "unidentified" });
  });

  it("asks the page for a fresh identity when its old one is refused, and keeps its conversation", async () => {
    localStorage.setItem("assistify:wk_demo:customer:42", '{"token":"kept","conversation":"c9","read":3}');
    const rig = widgetRig();
    rig.init({ identity: { id: "42", hash: "1000.aa" } });
    FakeWebSocket.last.serverOpens();
    FakeWebSocket.last.serverCloses(4501);
    expect(rig.posted).toContainEqual({ type: "unidentified" });
    rig.model.receive({ type: "identify", identity: { id: "42", hash: "2000.bb" } });
    await vi.waitFor(() => expect(FakeWebSocket.all).toHaveLength(2));
    FakeWebSocket.last.serverOpens();
    expect(FakeWebSocket.last.command("hello")).toMatchObject({
      token: "kept",
      identity: { id: "42", hash: "2000.bb" },
      resume: [{ conversation: "c9" }],
    });
  });

  it("forgets everything on a reset", async () => {
    const rig = widgetRig();
    rig.init({ identity: ana });
    rig.connect();
    await talk(rig, "hello");
    rig.model.receive({ type: "reset" });
    expect(localStorage.length).toBe(0);
    expect(rig.connect().command("hello")).toMatchObject({ token: null, identity: null, resume: [] });
  });
});

describe("a visitor's session", () => {
  it("opens a conversation for the first message, and drops its copy once the log shows it", async () => {
    const rig = widgetRig();
    rig.init();
    const wire = rig.connect();
    await talk(rig, "hello");
    const { client_id } = wire.command("message.send");
    expect(wire.command("message.send")).toMatchObject({ conversation: CONVERSATION, text: "hello" });
    rig.say(created(1, message(1, "customer", "hello", { client_id: String(client_id) })));
    rig.acknowledge("message.send", { message: "m1", seq: 1 });
    const { session } = rig.model.state.getState() ?? {};
    await vi.waitFor(() => expect(session?.outbox.messages.getState()).toEqual([]));
  });

  it("sends what was written without a line once there is one, under the same client_id", async () => {
    const rig = widgetRig();
    rig.init();
    const wire = rig.connect();
    await talk(rig, "hello");
    const first = wire.command("message.send");
    vi.useFakeTimers();
    wire.serverCloses(1006);
    await vi.advanceTimersByTimeAsync(500);
    const again = rig.connect(snapshot());
    await vi.advanceTimersByTimeAsync(0);
    expect(again).not.toBe(wire);
    expect(again.command("message.send").client_id).toBe(first.client_id);
  });

  it("opens another conversation when the old one takes no more messages", async () => {
    const rig = widgetRig();
    rig.init();
    const wire = rig.connect();
    await talk(rig, "hello");
    const { id, client_id } = wire.command("message.send");
    wire.serverSays({ type: "error", id, code: "closed", message: "closed" });
    await vi.waitFor(() =>
      expect(wire.sent.filter((frame) => frame.type === "conversation.open")).toHaveLength(2),
    );
    rig.acknowledge("conversation.open", { conversation: snapshot({ id: "c2" }) });
    await vi.waitFor(() => expect(wire.command("message.send").conversation).toBe("c2"));
    expect(wire.command("message.send").client_id).toBe(client_id);
  });

  it("becomes a new visitor, once, when its old token is refused", async () => {
    localStorage.setItem("assistify:wk_demo:guest", '{"token":"stale","conversation":"c9","read":3}');
    const rig = widgetRig();
    rig.init();
    FakeWebSocket.last.serverOpens();
    expect(FakeWebSocket.last.command("hello").token).toBe("stale");
    FakeWebSocket.last.serverCloses(4501);
    await vi.waitFor(() => expect(FakeWebSocket.all).toHaveLength(2));
    FakeWebSocket.last.serverOpens();
    expect(FakeWebSocket.last.command("hello")).toMatchObject({ token: null, resume: [] });
    FakeWebSocket.last.serverCloses(4501);
    await Promise.resolve();
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it("does not become somebody else when the shop has blocked its visitor", async () => {
    const slot = '{"token":"theirs","conversation":"c9","read":3}';
    localStorage.setItem("assistify:wk_demo:guest", slot);
    const rig = widgetRig();
    rig.init();
    FakeWebSocket.last.serverOpens();
    FakeWebSocket.last.serverCloses(4502);
    await Promise.resolve();
    expect(FakeWebSocket.all).toHaveLength(1);
    expect(localStorage.getItem("assistify:wk_demo:guest")).toBe(slot);
  });

  it("forgets a conversation that is gone", () => {
    localStorage.setItem("assistify:wk_demo:guest", '{"token":"t","conversation":"c1","read":3}');
    const rig = widgetRig();
    rig.init();
    rig.connect(null);
    const { session } = rig.model.state.getState() ?? {};
    expect(session?.state.getState()).toMatchObject({ conversation: null, isRestoring: false });
  });
});
