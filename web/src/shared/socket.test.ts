import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { welcome } from "@/testing/frames";
import type { ServerFrame } from "@/wire/wire.gen";
import { reconnectDelay, Socket, type SocketStatus } from "./socket";

const statuses: SocketStatus[] = [];
const frames: ServerFrame[] = [];
let socket: Socket;

function make(random = () => 0.5): Socket {
  return new Socket({
    url: "ws://shop.test/ws/chat",
    hello: () => ({ type: "hello", widget_key: "wk_demo", resume: [] }),
    onFrame: (frame) => frames.push(frame),
    onStatus: (status) => statuses.push(status),
    random,
    WebSocket: FakeWebSocket as unknown as typeof WebSocket,
  });
}

function connect(): FakeWebSocket {
  const wire = FakeWebSocket.last;
  wire.serverOpens();
  wire.serverSays(welcome(String(wire.command("hello").id)));
  return wire;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeWebSocket.all = [];
  statuses.length = 0;
  frames.length = 0;
  socket = make();
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
});

describe("connecting", () => {
  it("asks for the subprotocol and says hello before anything else", async () => {
    socket.open();
    expect(FakeWebSocket.last).toMatchObject({ url: "ws://shop.test/ws/chat", protocol: "assistify.v1" });
    FakeWebSocket.last.serverOpens();
    await expect(socket.request({ type: "conversation.open" })).rejects.toMatchObject({ code: "offline" });
    expect(FakeWebSocket.last.sent).toHaveLength(1);
    expect(FakeWebSocket.last.sent[0]).toMatchObject({ type: "hello", widget_key: "wk_demo" });
    expect(socket.isReady).toBe(false);
    connect();
    expect(socket.isReady).toBe(true);
    expect(statuses.at(-1)).toEqual({ link: "open" });
  });

  it("opens one socket however often it is asked to", () => {
    socket.open();
    socket.open();
    socket.retry();
    window.dispatchEvent(new Event("online"));
    expect(FakeWebSocket.all).toHaveLength(1);
  });
});

describe("losing the line", () => {
  it("waits between 0.5 and 20 s, longer the more often it failed", () => {
    expect(reconnectDelay(0, () => 0)).toBe(500);
    expect(reconnectDelay(0, () => 1)).toBe(1000);
    expect(reconnectDelay(3, () => 1)).toBe(8000);
    expect(reconnectDelay(30, () => 1)).toBe(20_000);
    expect(reconnectDelay(30, () => 0)).toBe(500);
  });

  it.each([1000, 1001, 1006, 1012, 4000, 4001, 4002, 4003, 4499])(
    "reconnects after close code %i",
    (code) => {
      socket.open();
      connect().serverCloses(code);
      expect(statuses.at(-1)).toEqual({ link: "waiting", delayMs: 750 });
      vi.advanceTimersByTime(749);
      expect(FakeWebSocket.all).toHaveLength(1);
      vi.advanceTimersByTime(1);
      expect(FakeWebSocket.all).toHaveLength(2);
    },
  );

  it.each([4500, 4501, 4502, 4503, 4999])("does not reconnect after close code %i", (code) => {
    socket.open();
    connect().serverCloses(code);
    expect(statuses.at(-1)).toEqual({ link: "ended", code });
    vi.advanceTimersByTime(120_000);
    window.dispatchEvent(new Event("online"));
    expect(FakeWebSocket.all).toHaveLength(1);
  });

  it("is noticed by 35 s of silence, and a ping breaks the silence", () => {
    socket.open();
    const wire = connect();
    vi.advanceTimersByTime(34_000);
    wire.serverSays({ type: "ping" });
    vi.advanceTimersByTime(34_000);
    expect(wire.isClosed).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(wire.isClosed).toBe(true);
    vi.advanceTimersByTime(750);
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it("ends at once when the browser is online again", () => {
    socket.open();
    connect().serverCloses(1006);
    window.dispatchEvent(new Event("online"));
    expect(FakeWebSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(60_000);
    expect(FakeWebSocket.open).toHaveLength(1);
  });

  it("never has two sockets at a time", () => {
    socket.open();
    for (let round = 0; round < 20; round += 1) {
      const wire = round % 3 === 0 ? FakeWebSocket.last : connect();
      if (round % 2 === 0) wire.serverCloses(1006);
      else vi.advanceTimersByTime(35_000);
      window.dispatchEvent(new Event("online"));
      socket.retry();
      expect(FakeWebSocket.open).toHaveLength(1);
      vi.advanceTimersByTime(3000);
      expect(FakeWebSocket.open).toHaveLength(1);
    }
  });

  it("stays away for as long as a server that has enough asks for, once", () => {
    socket.open();
    const wire = FakeWebSocket.last;
    wire.serverOpens();
    const { id } = wire.command("hello");
    wire.serverSays({ type: "error", id, code: "rate_limited", message: "later", retry_after_ms: 9000 });
    wire.serverCloses(4002);
    expect(statuses.at(-1)).toEqual({ link: "waiting", delayMs: 9000 });
    vi.advanceTimersByTime(9000);
    FakeWebSocket.last.serverCloses(1006);
    expect(statuses.at(-1)).toEqual({ link: "waiting", delayMs: 1250 });
  });

  it("starts from the short delay again once the server welcomed it", () => {
    socket.open();
    for (let round = 0; round < 5; round += 1) {
      FakeWebSocket.last.serverCloses(1006);
      vi.advanceTimersByTime(20_000);
    }
    connect().serverCloses(1006);
    expect(statuses.at(-1)).toEqual({ link: "waiting", delayMs: 750 });
  });

  it("hears nothing more from a socket it let go of", () => {
    socket.open();
    const wire = connect();
    const heard = wire.onmessage;
    vi.advanceTimersByTime(35_000);
    frames.length = 0;
    heard?.({ data: JSON.stringify({ type: "ping" }) });
    expect(frames).toEqual([]);
  });

  it("moves away from a server that drains when it says so", () => {
    socket.open();
    const wire = connect();
    wire.serverSays({ type: "drain", reconnect_after_ms: 2000 });
    vi.advanceTimersByTime(2124);
    expect(FakeWebSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(wire.isClosed).toBe(true);
    expect(FakeWebSocket.all).toHaveLength(2);
  });
});

describe("commands", () => {
  it("settle with their own answer, after the frame was handed on", async () => {
    socket.open();
    const wire = connect();
    const opened = socket.request({ type: "conversation.open" });
    const taken = socket.request({ type: "control.take", conversation: "c1" });
    const holder = { id: "b", name: "Ben" };
    wire.serverSays({
      type: "error",
      id: wire.command("control.take").id,
      code: "conflict",
      message: "taken",
      holder,
    });
    await expect(taken).rejects.toMatchObject({ code: "conflict", holder });
    wire.serverSays({ type: "ack", id: wire.command("conversation.open").id, conversation: { id: "c1" } });
    expect(frames.at(-1)).toMatchObject({ type: "ack" });
    await expect(opened).resolves.toMatchObject({ conversation: { id: "c1" } });
  });

  it("end as offline when the line is lost before the answer", async () => {
    socket.open();
    const wire = connect();
    const sent = socket.request({ type: "read", conversation: "c1", seq: 1 });
    wire.serverCloses(1006);
    await expect(sent).rejects.toMatchObject({ code: "offline" });
  });

  it("that get no answer make it look for a better line", async () => {
    socket.open();
    const wire = connect();
    const sent = socket.request({ type: "read", conversation: "c1", seq: 1 });
    const refused = expect(sent).rejects.toMatchObject({ code: "offline" });
    vi.advanceTimersByTime(20_000);
    await refused;
    expect(wire.isClosed).toBe(true);
  });

  it("are not disturbed by frames that are no frames", () => {
    socket.open();
    const wire = connect();
    frames.length = 0;
    for (const odd of ["", "{", "[]", "null", "7", '{"type":7}']) wire.serverSays(odd);
    expect(frames).toEqual([]);
    expect(socket.isReady).toBe(true);
  });
});
