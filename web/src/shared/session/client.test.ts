import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import {
  answered,
  CONVERSATION,
  created,
  delta,
  message,
  resumed,
  snapshot,
  welcome,
} from "@/testing/frames";
import { SessionClient } from "./client";
import { createSessionStore, type Schedule } from "./store";

let flush: () => void = () => {};
const schedule: Schedule = (run) => {
  flush = run;
};
let client: SessionClient;

function connect(conversations: unknown[] = []): FakeWebSocket {
  const wire = FakeWebSocket.last;
  wire.serverOpens();
  wire.serverSays({ ...welcome(String(wire.command("hello").id)), conversations });
  return wire;
}

const held = [{ conversation: CONVERSATION, resumed: false, snapshot: snapshot({ seq: 1 }) }];

beforeEach(() => {
  FakeWebSocket.all = [];
  vi.useFakeTimers();
  client = new SessionClient({
    url: "ws://shop.test/ws/chat",
    hello: () => ({ type: "hello", widget_key: "wk_demo" }),
    store: createSessionStore(schedule),
    socket: { random: () => 0, WebSocket: FakeWebSocket as unknown as typeof WebSocket },
  });
  client.open();
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

describe("a session", () => {
  it("resumes what it holds, with the place in the running answer", () => {
    const wire = connect(held);
    wire.serverSays(delta("r1", 0, 0, "Yo"));
    wire.serverCloses(1006);
    vi.advanceTimersByTime(500);
    FakeWebSocket.last.serverOpens();
    expect(FakeWebSocket.last.command("hello").resume).toEqual([
      { conversation: CONVERSATION, log: "log-1", seq: 1, live: { message: "r1", to: 2 } },
    ]);
  });

  it("of staff names the notifications that it holds, and is told of the others alone", () => {
    const wire = connect();
    expect(wire.command("hello")).not.toHaveProperty("notifications");
    wire.serverCloses(1006);
    vi.advanceTimersByTime(500);
    const user = { id: "u1", name: "Ada", role: "agent" };
    const greet = (unread?: string[]) => {
      FakeWebSocket.last.serverOpens();
      const hello = FakeWebSocket.last.command("hello");
      const answer = { ...welcome(String(hello.id)), visitor: null, user, ...(unread && { unread }) };
      FakeWebSocket.last.serverSays(answer);
      return hello;
    };
    expect(greet()).not.toHaveProperty("notifications");
    for (const id of ["n2", "n1", "n3"]) {
      const at = `2026-01-05T09:00:0${id[1]}Z`;
      FakeWebSocket.last.serverSays({ type: "notification", id, kind: "mention", at, read: id === "n3" });
    }
    FakeWebSocket.last.serverCloses(1006);
    vi.advanceTimersByTime(500);
    expect(greet(["n1"]).notifications).toEqual({ after: "n3", unread: ["n2", "n1"] });
    const told = client.store.view.getState().notifications.map(({ id, read }) => [id, read]);
    expect(told).toEqual([
      ["n3", true],
      ["n2", true],
      ["n1", false],
    ]);
  });

  it("shows pieces of an answer once per frame, and everything else at once", () => {
    const wire = connect(held);
    const seen: (string | undefined)[] = [];
    client.store.view.subscribe((state) => seen.push(state.conversations[CONVERSATION]?.messages.r1?.text));
    wire.serverSays(delta("r1", 0, 0, "Yo"));
    wire.serverSays(delta("r1", 0, 2, "ur"));
    expect(seen).toEqual([]);
    flush();
    expect(seen).toEqual(["Your"]);
    wire.serverSays(delta("r1", 0, 4, " or"));
    wire.serverSays(answered(2, "r1", "Your order."));
    expect(seen).toEqual(["Your", "Your order."]);
    flush();
    expect(seen).toHaveLength(2);
  });

  it("is waited for until the welcome, and no longer than it may take", async () => {
    const came = client.ready();
    connect();
    await expect(came).resolves.toBeUndefined();
    await expect(client.ready()).resolves.toBeUndefined();
    FakeWebSocket.last.serverCloses(1006);
    const late = expect(client.ready(100)).rejects.toMatchObject({ code: "offline" });
    await vi.advanceTimersByTimeAsync(100);
    await late;
    vi.advanceTimersByTime(500);
    const refused = expect(client.ready()).rejects.toMatchObject({ code: "offline" });
    FakeWebSocket.last.serverCloses(4501);
    await refused;
  });

  it("asks once for what is missing and takes the answer in", async () => {
    const wire = connect(held);
    wire.serverSays(created(3, message(3, "bot", "Later")));
    wire.serverSays(created(4, message(4, "bot", "Latest")));
    const asked = wire.sent.filter((frame) => frame.type === "conversation.watch");
    expect(asked).toMatchObject([{ conversation: CONVERSATION, seq: 1 }]);
    const events = [2, 3, 4].map((seq) => created(seq, message(seq, "bot", `text ${seq}`)));
    wire.serverSays({ type: "ack", id: asked[0]?.id, ...resumed(events) });
    await vi.advanceTimersByTimeAsync(0);
    expect(client.store.current().conversations[CONVERSATION]).toMatchObject({ seq: 4, stale: null });
    expect(wire.sent.filter((frame) => frame.type === "conversation.watch")).toHaveLength(1);
  });

  it("asks for everything when the answer did not join on", async () => {
    const wire = connect(held);
    wire.serverSays({ type: "resync", conversation: CONVERSATION });
    const first = wire.command("conversation.watch");
    wire.serverSays({ type: "ack", id: first.id, ...resumed([created(9, message(9, "bot", "ahead"))]) });
    await vi.advanceTimersByTimeAsync(0);
    const second = wire.command("conversation.watch");
    expect(second).not.toBe(first);
    expect(second).not.toHaveProperty("seq");
  });

  it("forgets a conversation that is not there any more", async () => {
    const wire = connect(held);
    wire.serverSays({ type: "resync", conversation: CONVERSATION });
    const { id } = wire.command("conversation.watch");
    wire.serverSays({ type: "error", id, code: "not_found", message: "gone" });
    await vi.advanceTimersByTimeAsync(0);
    expect(client.store.current().conversations).toEqual({});
  });

  it("goes on after a frame that cannot be read", () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const wire = connect(held);
    wire.serverSays({ type: "message.created", conversation: CONVERSATION, seq: 2, at: "x" });
    expect(warned).toHaveBeenCalledOnce();
    wire.serverSays(created(2, message(2, "bot", "fine")));
    expect(client.store.current().conversations[CONVERSATION]?.messages.m2?.text).toBe("fine");
  });

  it("says how the line is", () => {
    expect(client.store.view.getState().link).toBe("connecting");
    const wire = connect();
    expect(client.store.view.getState().link).toBe("open");
    wire.serverCloses(4501);
    expect(client.store.view.getState()).toMatchObject({ link: "ended", endCode: 4501 });
  });
});

describe("a hidden page", () => {
  let visibility: "hidden" | "visible" = "visible";

  beforeEach(() => {
    visibility = "visible";
    vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  function turn(to: "hidden" | "visible"): void {
    visibility = to;
    document.dispatchEvent(new Event("visibilitychange"));
  }

  const told = () =>
    FakeWebSocket.last.sent.filter(({ type }) => type === "presence").map(({ state }) => state);

  it("is away, once each time, and is told anew on every connection", () => {
    connect(held);
    expect(told()).toEqual([]);
    turn("hidden");
    turn("hidden");
    turn("visible");
    turn("hidden");
    expect(told()).toEqual(["away", "online", "away"]);
    FakeWebSocket.last.serverCloses(1006);
    turn("visible");
    turn("hidden");
    vi.advanceTimersByTime(500);
    connect(held);
    expect(told()).toEqual(["away"]);
  });

  it("of somebody else is shown as away", () => {
    const participants = [{ kind: "agent", id: "a", name: "Ada", state: "away" }];
    connect(held).serverSays({ type: "presence", conversation: CONVERSATION, participants });
    expect(client.store.current().conversations[CONVERSATION]?.presence).toEqual(participants);
  });

  it("says nothing once the session is closed", () => {
    connect(held);
    client.close();
    turn("hidden");
    expect(told()).toEqual([]);
  });

  it("is told again when it was refused", async () => {
    const wire = connect(held);
    turn("hidden");
    const { id } = wire.command("presence");
    wire.serverSays({ type: "error", id, code: "rate_limited", message: "later", retry_after_ms: 1 });
    await vi.advanceTimersByTimeAsync(0);
    turn("hidden");
    expect(told()).toEqual(["away", "away"]);
  });
});
