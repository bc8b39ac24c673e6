import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStreamServer, settled } from "@/testing/fake-stream-server";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { CONVERSATION, snapshot, welcome } from "@/testing/frames";
import { SessionClient } from "./session/client";
import { createSessionStore } from "./session/store";

let server: FakeStreamServer;
let client: SessionClient;

beforeEach(() => {
  vi.useFakeTimers();
  FakeWebSocket.all = [];
  server = new FakeStreamServer();
  client = new SessionClient({
    url: "wss://shop.test/ws/chat",
    hello: () => ({ type: "hello", widget_key: "wk_demo", token: "kept" }),
    store: createSessionStore((flush) => flush()),
    socket: {
      streamUrl: "https://shop.test/sse/chat",
      random: () => 0,
      WebSocket: FakeWebSocket as unknown as typeof WebSocket,
      fetch: server.fetch,
    },
  });
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

const link = () => client.store.current().link;

/** Two WebSockets fail, each in its way: refused, and swallowed. */
async function block(): Promise<void> {
  client.open();
  FakeWebSocket.last.serverCloses(1006);
  vi.advanceTimersByTime(500);
  vi.advanceTimersByTime(10_000);
  vi.advanceTimersByTime(500);
  await settled();
}

async function welcomed(extra: object = {}): Promise<void> {
  await server.accept({ ...welcome("stream"), connection: "n1", ...extra });
}

describe("where WebSockets are blocked", () => {
  it("the session goes on over a stream", async () => {
    await block();
    expect(FakeWebSocket.all).toHaveLength(2);
    expect(FakeWebSocket.open).toHaveLength(0);
    await welcomed();
    expect(link()).toBe("open");
    const opened = client.request({ type: "conversation.open" });
    await server.answer("conversation.open", { type: "ack", conversation: snapshot() });
    await opened;
    expect(client.store.current().conversations[CONVERSATION]).toBeDefined();
  });

  it("a stream that fails gives WebSockets another chance", async () => {
    await block();
    (await server.until("hello")).fail();
    await settled();
    expect(link()).toBe("waiting");
    vi.advanceTimersByTime(500);
    expect(FakeWebSocket.open).toHaveLength(1);
  });

  it("a stream that is lost comes back as a stream, with the same cursors", async () => {
    await block();
    await welcomed({
      conversations: [{ conversation: CONVERSATION, resumed: false, snapshot: snapshot({ seq: 4 }) }],
    });
    await server.cutOff();
    vi.advanceTimersByTime(500);
    await settled();
    await welcomed();
    const resume = server.requests.findLast(({ method }) => method === "GET")?.headers["Assistify-Resume"];
    expect(JSON.parse(resume ?? "")).toMatchObject([{ conversation: CONVERSATION, seq: 4 }]);
    expect(FakeWebSocket.all).toHaveLength(2);
  });
});

describe("when WebSockets work again", () => {
  it("the session moves over, with the same cursors, and the stream ends", async () => {
    await block();
    await welcomed({
      conversations: [{ conversation: CONVERSATION, resumed: false, snapshot: snapshot({ seq: 4 }) }],
    });
    vi.advanceTimersByTime(30_000);
    await server.say({ type: "ping" });
    vi.advanceTimersByTime(30_000);
    expect(FakeWebSocket.open).toHaveLength(1);
    expect(link()).toBe("open");
    FakeWebSocket.last.serverOpens();
    expect(server.isStreaming).toBe(false);
    expect(FakeWebSocket.open).toHaveLength(1);
    FakeWebSocket.last.serverOpens();
    const hello = FakeWebSocket.last.command("hello");
    expect(hello.resume).toMatchObject([{ conversation: CONVERSATION, seq: 4 }]);
    FakeWebSocket.last.serverSays(welcome(String(hello.id)));
    expect(link()).toBe("open");
  });

  it("it does not move while a command is on its way", async () => {
    await block();
    await welcomed();
    vi.advanceTimersByTime(30_000);
    await server.say({ type: "ping" });
    const sent = client.request({ type: "read", conversation: CONVERSATION, seq: 1 });
    vi.advanceTimersByTime(10_000);
    await server.say({ type: "ping" });
    await server.answer("read", { type: "ack" });
    await sent;
    vi.advanceTimersByTime(20_000);
    expect(FakeWebSocket.open).toHaveLength(1);
  });

  it("a probe that finds nothing changes nothing", async () => {
    await block();
    await welcomed();
    vi.advanceTimersByTime(30_000);
    await server.say({ type: "ping" });
    vi.advanceTimersByTime(30_000);
    FakeWebSocket.last.serverCloses(1006);
    expect(link()).toBe("open");
    expect(server.isStreaming).toBe(true);
    const probes = FakeWebSocket.all.length;
    await server.say({ type: "ping" });
    for (let second = 0; second < 119; second += 17) {
      vi.advanceTimersByTime(17_000);
      await server.say({ type: "ping" });
      if (second < 100) expect(FakeWebSocket.all).toHaveLength(probes);
    }
    vi.advanceTimersByTime(2000);
    expect(FakeWebSocket.all).toHaveLength(probes + 1);
  });
});

it("a server that refuses the hello is not a blocked WebSocket", async () => {
  client.open();
  for (let round = 0; round < 3; round += 1) {
    FakeWebSocket.last.serverOpens();
    FakeWebSocket.last.serverCloses(4002);
    vi.advanceTimersByTime(500);
  }
  await settled();
  expect(server.requests).toEqual([]);
});
