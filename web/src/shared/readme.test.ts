import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { created, message, snapshot, welcome } from "@/testing/frames";
import { Outbox } from "./outbox";
import page from "./README.md?raw";
import { SessionClient } from "./session/client";
import { reduce } from "./session/reducer";
import { CommandError } from "./socket";
import { Uploads } from "./uploads";

/** The example of the page, as it is printed: what it stands on is all that it is given. */
function example(): (parts: object) => Promise<void> {
  const code = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
  if (code === undefined) throw new Error("the page has no example");
  const names = ["SessionClient", "render", "localStorage", "crypto"];
  // biome-ignore lint/security/noGlobalEval: the page's own text is what is tested
  const run = eval(`(async ({ ${names.join(", ")} }) => {${code}})`);
  return run;
}

beforeEach(() => {
  FakeWebSocket.all = [];
  vi.stubGlobal("WebSocket", FakeWebSocket);
});

afterEach(() => {
  localStorage.clear();
  vi.unstubAllGlobals();
});

it("the example of the page sends a message and shows the answer", async () => {
  const render = vi.fn();
  const opened: SessionClient[] = [];
  class Client extends SessionClient {
    override open(): void {
      opened.push(this);
      super.open();
    }
  }
  const done = example()({ SessionClient: Client, render, localStorage, crypto });
  const wire = FakeWebSocket.last;
  expect(wire.url).toBe("wss://support.shop.example/ws/chat");
  wire.serverOpens();
  wire.serverSays(welcome(String(wire.command("hello").id)));
  expect(localStorage.getItem("token")).toBe("visitor-token");
  await vi.waitFor(() => wire.command("conversation.open"));
  wire.serverSays({ type: "ack", id: wire.command("conversation.open").id, conversation: snapshot() });
  await vi.waitFor(() =>
    expect(wire.command("message.send")).toMatchObject({ conversation: "c1", text: "Hi" }),
  );
  wire.serverSays({ type: "ack", id: wire.command("message.send").id, message: "m1", seq: 1 });
  await done;
  wire.serverSays(created(1, message(1, "customer", "Hi")));
  wire.serverSays(created(2, message(2, "bot", "Hello!")));
  expect(render).toHaveBeenLastCalledWith(
    expect.objectContaining({
      c1: expect.objectContaining({
        messages: expect.objectContaining({ m2: expect.objectContaining({ text: "Hello!" }) }),
      }),
    }),
  );
  for (const client of opened) client.close();
});

it("the names that the page tells of are there", () => {
  for (const method of ["open", "ready", "close", "retry", "request", "watch", "unwatch"] as const) {
    expect(page).toContain(`\`${method}(`);
    expect(SessionClient.prototype[method]).toBeTypeOf("function");
  }
  for (const [name, one] of Object.entries({ SessionClient, Outbox, Uploads, CommandError, reduce })) {
    expect(page).toContain(name);
    expect(one).toBeTypeOf("function");
  }
});
