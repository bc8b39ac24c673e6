import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outbox, type OutgoingMessage } from "./outbox";
import { CommandError } from "./socket";

const SCOPE = "assistify:wk_demo";
const delivered: string[] = [];
let answer: (message: OutgoingMessage) => Promise<void>;
let count = 0;

function make(scope = SCOPE): Outbox {
  return new Outbox({
    scope,
    storage: localStorage,
    uuid: () => `u${++count}`,
    now: () => new Date(2026, 10, 22, 10, 0, count),
    deliver: async (message) => {
      await answer(message);
      delivered.push(message.text);
    },
  });
}

function states(outbox: Outbox): string[] {
  return outbox.messages.getState().map((message) => message.state);
}

beforeEach(() => {
  localStorage.clear();
  delivered.length = 0;
  count = 0;
  answer = async () => {};
});

afterEach(() => vi.useRealTimers());

const offline = async () => {
  throw new CommandError("offline", "no line");
};

describe("the outbox", () => {
  it("sends in order and keeps what is acknowledged until the log shows it", async () => {
    const outbox = make();
    outbox.add("one", "c1");
    outbox.add("two", "c1");
    await vi.waitFor(() => expect(states(outbox)).toEqual(["sent", "sent"]));
    expect(delivered).toEqual(["one", "two"]);
    outbox.settle((id) => id === "u1");
    expect(outbox.messages.getState().map((message) => message.text)).toEqual(["two"]);
  });

  it("keeps what could not be sent over a reload, under the same client_id", async () => {
    answer = offline;
    const before = make();
    before.add("while offline", null);
    before.add("and another", null);
    await vi.waitFor(() => expect(states(before)).toEqual(["queued", "queued"]));

    answer = async () => {};
    const after = make();
    expect(after.messages.getState().map(({ clientId, text }) => [clientId, text])).toEqual([
      ["u1", "while offline"],
      ["u2", "and another"],
    ]);
    await after.flush();
    expect(delivered).toEqual(["while offline", "and another"]);
    expect(make().messages.getState()).toEqual([]);
  });

  it("sends a message that was under way at the reload again", async () => {
    answer = () => new Promise(() => {});
    make().add("under way", "c1");
    expect(states(make())).toEqual(["queued"]);
  });

  it("shows a refused message as failed, goes on with the next, and sends it again when asked", async () => {
    answer = async (message) => {
      if (message.text === "bad") throw new CommandError("too_large", "The text is too long.");
    };
    const outbox = make();
    outbox.add("bad", "c1");
    outbox.add("good", "c1");
    await vi.waitFor(() => expect(states(outbox)).toEqual(["failed", "sent"]));
    expect(outbox.messages.getState()[0]?.error).toBe("The text is too long.");
    answer = async () => {};
    outbox.retry("u1");
    await vi.waitFor(() => expect(states(outbox)).toEqual(["sent", "sent"]));
  });

  it("waits as long as a busy server asks for", async () => {
    vi.useFakeTimers();
    answer = async () => {
      throw new CommandError("rate_limited", "slow down", 3000);
    };
    const outbox = make();
    outbox.add("patience", "c1");
    await vi.advanceTimersByTimeAsync(2999);
    expect(states(outbox)).toEqual(["queued"]);
    answer = async () => {};
    await vi.advanceTimersByTimeAsync(1);
    expect(states(outbox)).toEqual(["sent"]);
  });

  it("holds the later messages back while an earlier one waits", async () => {
    answer = offline;
    const outbox = make();
    outbox.add("one", "c1");
    await vi.waitFor(() => expect(states(outbox)).toEqual(["queued"]));
    answer = async () => {};
    outbox.add("two", "c1");
    await vi.waitFor(() => expect(states(outbox)).toEqual(["sent", "sent"]));
    expect(delivered).toEqual(["one", "two"]);
  });

  it("keeps visitors apart and forgets one for good", () => {
    answer = offline;
    const ana = make(`${SCOPE}:ana`);
    ana.add("my order", null);
    expect(make(`${SCOPE}:ben`).messages.getState()).toEqual([]);
    ana.clear();
    expect(localStorage.length).toBe(0);
  });

  it("reads past what it did not write", () => {
    localStorage.setItem(`${SCOPE}:outbox:x`, "{");
    localStorage.setItem(`${SCOPE}:outbox:y`, '{"clientId":7}');
    expect(make().messages.getState()).toEqual([]);
  });
});
