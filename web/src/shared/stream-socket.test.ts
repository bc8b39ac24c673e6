import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStreamServer, settled } from "@/testing/fake-stream-server";
import { welcome } from "@/testing/frames";
import { StreamSocket } from "./stream-socket";

let server: FakeStreamServer;
let line: StreamSocket;
let frames: Record<string, unknown>[];
let codes: number[];

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeStreamServer();
  frames = [];
  codes = [];
  line = new StreamSocket("https://shop.test/sse/chat", server.fetch);
  line.onmessage = (event) => frames.push(JSON.parse(event.data));
  line.onclose = (event) => codes.push(event.code);
});

afterEach(() => {
  line.close();
  vi.useRealTimers();
});

const HELLO = { type: "hello", id: "1", widget_key: "wk_demo", token: null };

function send(frame: object): void {
  line.send(JSON.stringify(frame));
}

async function open(resume: object[] = []): Promise<void> {
  send({ ...HELLO, resume });
  await server.accept({ ...welcome("stream"), connection: "connection-1" });
}

describe("opening", () => {
  it("says hello by a request, then streams with the token and the cursors it got", async () => {
    const cursor = { conversation: "c1", log: "lög", seq: 3, live: { message: "m", to: 7 } };
    await open([cursor]);
    const [hello, stream] = server.requests;
    expect(hello).toMatchObject({ method: "POST", body: HELLO });
    expect(hello?.body).not.toHaveProperty("resume");
    expect(stream).toMatchObject({ method: "GET", headers: { Authorization: "Bearer visitor-token" } });
    const resume = stream?.headers["Assistify-Resume"] ?? "";
    expect(resume).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(resume)).toEqual([cursor]);
    expect(frames).toMatchObject([{ type: "welcome", id: "1" }]);
  });

  it.each([
    ["unauthorized", 401, 4501],
    ["forbidden", 403, 4502],
    ["rate_limited", 429, 4002],
    ["unavailable", 503, 4002],
  ])("refused as %s ends with a code like a socket's", async (code, status, closed) => {
    send(HELLO);
    await server.answer("hello", { type: "error", code, message: "no" }, status as number);
    expect(frames).toMatchObject([{ type: "error", code }]);
    expect(codes).toEqual([closed]);
  });

  it("refused at the stream ends so too", async () => {
    send(HELLO);
    await server.answer("hello", { type: "ack", token: "t" });
    await server.answer("GET", { type: "error", code: "unauthorized", message: "no" }, 401);
    expect(codes).toEqual([4501]);
  });

  it("that fails, or finds something else than this server, is a lost line", async () => {
    send(HELLO);
    (await server.until("hello")).answer(new Response("<html>Sign in to the network</html>"));
    await settled();
    expect(codes).toEqual([1006]);
  });
});

describe("the stream", () => {
  it("gives frames as they come and ends with the code it was told", async () => {
    await open();
    await server.write('data: {"type":"pi');
    await server.write('ng"}\n\n');
    await server.say({ type: "drain", reconnect_after_ms: 5 }, { type: "close", code: 4000, reason: "" });
    expect(frames.slice(1)).toEqual([{ type: "ping" }, { type: "drain", reconnect_after_ms: 5 }]);
    expect(codes).toEqual([4000]);
  });

  it("cut off, or silent for 35 s in spite of answers, is a lost line", async () => {
    await open();
    vi.advanceTimersByTime(30_000);
    send({ type: "typing", id: "2", conversation: "c1", on: true });
    await server.answer("typing", { type: "ack" });
    vi.advanceTimersByTime(5_000);
    expect(codes).toEqual([4003]);
    expect(server.isStreaming).toBe(false);
  });

  it("that the server ends without a word is lost", async () => {
    await open();
    await server.cutOff();
    expect(codes).toEqual([1006]);
  });

  it("is silent once closed", async () => {
    await open();
    line.close();
    await server.say({ type: "ping" });
    expect(frames).toHaveLength(1);
    expect(codes).toEqual([]);
  });
});

describe("commands", () => {
  it("go one at a time, in order, to this stream's connection", async () => {
    await open();
    send({ type: "typing", id: "2", conversation: "c1", on: true });
    send({ type: "read", id: "3", conversation: "c1", seq: 1 });
    await settled();
    expect(server.requests.map(({ body }) => body?.type)).toEqual(["hello", undefined, "typing"]);
    expect(server.requests[2]?.headers).toMatchObject({
      Authorization: "Bearer visitor-token",
      "Assistify-Connection": "connection-1",
    });
    await server.answer("typing", { type: "ack" });
    await server.answer("read", { type: "error", code: "rate_limited", message: "wait" }, 429);
    expect(frames.slice(1)).toMatchObject([
      { type: "ack", id: "2" },
      { type: "error", id: "3", code: "rate_limited" },
    ]);
    expect(codes).toEqual([]);
  });

  it("that ask for a position are answered before the frames that came meanwhile", async () => {
    await open();
    send({ type: "conversation.watch", id: "2", conversation: "c1" });
    await settled();
    await server.say({ type: "seq", conversation: "c1", seq: 6 });
    await server.answer("conversation.watch", { type: "ack", conversation: "c1" });
    await server.say({ type: "seq", conversation: "c1", seq: 7 });
    expect(frames.slice(1)).toMatchObject([{ type: "ack" }, { seq: 6 }, { seq: 7 }]);
  });

  it("that cannot be sent lose the line", async () => {
    await open();
    send({ type: "read", id: "2", conversation: "c1", seq: 1 });
    (await server.until("read")).fail();
    await settled();
    expect(codes).toEqual([1006]);
  });
});
