import { describe, expect, it } from "vitest";
import {
  answered,
  bytes,
  CONVERSATION,
  control,
  created,
  delta,
  deltas,
  message,
  resumed,
  seeded,
  snapshot,
  welcome,
} from "@/testing/frames";
import { conversation, play, started } from "@/testing/session";
import type { ServerFrame } from "@/wire/wire.gen";
import { reduce } from "./reducer";
import { resumeCursor } from "./resume";
import { runningReply, type SessionState } from "./state";

const TEXT = "Your order #1042 is on its way with UPS — arriving Friday. Grüße, 你好, 👋🏽 and שלום!";
const REPLY = "r1";

function text(state: SessionState, id = REPLY): string | undefined {
  return conversation(state).messages[id]?.text;
}

function order(state: SessionState): string[] {
  return conversation(state).timeline.map((item) => item.id);
}

/** What everybody must agree on, whichever way they came to it. */
function content(state: SessionState) {
  const held = conversation(state);
  const messages = held.timeline
    .flatMap((item) => (item.kind === "message" ? (held.messages[item.id] ?? []) : []))
    .filter((view) => view.seq !== null)
    .map(({ id, seq, text: words, state: how }) => ({ id, seq, words, how }));
  return { seq: held.seq, epoch: held.epoch, controller: held.controller, messages };
}

const startedFrame: ServerFrame = {
  type: "reply.started",
  conversation: CONVERSATION,
  message: REPLY,
  epoch: 0,
};

describe("a streamed answer", () => {
  it("is the same text however it was cut, at 50 random cut points, with duplicates", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed);
      const pieces = deltas(REPLY, 0, TEXT, random);
      const noisy = pieces.flatMap((piece) => (random() < 0.3 ? [piece, piece] : [piece]));
      const state = play(started(), [startedFrame, ...noisy]);
      expect(text(state)).toBe(TEXT);
      expect(conversation(state).stale).toBeNull();
    }
  });

  it("goes on where it was after a reload or a reconnect at any point", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed);
      const pieces = deltas(REPLY, 0, TEXT, random);
      const lostAt = Math.floor(random() * pieces.length);
      const backAt = lostAt + Math.floor(random() * (pieces.length - lostAt));
      const before = play(started(), [startedFrame, ...pieces.slice(0, lostAt)]);
      const cursor = resumeCursor(conversation(before));
      const from = cursor.live?.to ?? 0;
      const server = pieces
        .slice(0, backAt)
        .map((piece) => piece.text)
        .join("");
      const tail = new TextDecoder().decode(new TextEncoder().encode(server).slice(from));
      const live = { message: REPLY, epoch: 0, from, to: bytes(server), text: tail };
      const reconnected = play(
        reduce(before, { ...welcome("2"), conversations: [resumed([], live)] }),
        pieces,
      );
      expect(text(reconnected)).toBe(TEXT);

      const whole = { message: REPLY, epoch: 0, from: 0, to: bytes(server), text: server };
      const reloaded = play(started({ live: whole }), pieces.slice(backAt));
      expect(text(reloaded)).toBe(TEXT);
    }
  });

  it("asks for a resume when a piece is missing, and changes nothing until then", () => {
    const state = play(started(), [startedFrame, delta(REPLY, 0, 0, "Your "), delta(REPLY, 0, 9, "late")]);
    expect(text(state)).toBe("Your ");
    expect(conversation(state).stale).toBe("resume");
  });

  it("asks for a resume when it joins in the middle of an unknown answer", () => {
    const state = play(started(), [delta(REPLY, 0, 5, "order")]);
    expect(text(state)).toBeUndefined();
    expect(conversation(state).stale).toBe("resume");
  });

  it("is replaced by a text from 0, also by a shorter one", () => {
    const state = play(started(), [startedFrame, delta(REPLY, 0, 0, "Your order is lost")]);
    const live = { message: REPLY, epoch: 0, from: 0, to: 4, text: "Your" };
    const replaced = reduce(state, { ...welcome("2"), conversations: [resumed([], live)] });
    expect(text(replaced)).toBe("Your");
    expect(text(reduce(replaced, delta(REPLY, 0, 4, " order")))).toBe("Your order");
  });

  it("ends with its message, whose text replaces what was held", () => {
    const state = play(started(), [
      startedFrame,
      delta(REPLY, 0, 0, "Yuor"),
      answered(2, REPLY, "Your order."),
    ]);
    expect(text(state)).toBe("Your order.");
    expect(conversation(state).messages[REPLY]).toMatchObject({ state: "done", live: null, seq: 2 });
    expect(runningReply(conversation(state))).toBeNull();
  });

  it("takes nothing in after its end", () => {
    const state = play(started(), [startedFrame, answered(2, REPLY, "Done."), delta(REPLY, 0, 5, " More")]);
    const again = reduce(state, startedFrame);
    expect(text(again)).toBe("Done.");
    expect(conversation(again).stale).toBeNull();
  });

  it("stays ended when a snapshot no longer holds it", () => {
    const ended = play(started(), [startedFrame, answered(2, REPLY, "Done.")]);
    const later = snapshot({ seq: 60, messages: [message(60, "customer", "thanks")] });
    const state = reduce(ended, { type: "ack", id: "2", conversation: later });
    expect(text(reduce(state, delta(REPLY, 0, 0, "Done.")))).toBeUndefined();
  });

  it("stays where it began while it runs, and has its place in the log once it ended", () => {
    const running = play(started(), [
      startedFrame,
      delta(REPLY, 0, 0, "First"),
      created(2, message(2, "customer", "and another thing")),
      delta(REPLY, 0, 5, " ans"),
    ]);
    expect(order(running)).toEqual(["m1", REPLY, "m2"]);
    const ended = reduce(running, answered(3, REPLY, "First answer."));
    expect(order(ended)).toEqual(["m1", "m2", REPLY]);
  });

  it("stands behind the line that tells of the assistant, live and after a reload", () => {
    const log = [
      created(2, message(2, "system", "This is an automatic assistant.")),
      answered(3, REPLY, "It is on its way."),
    ];
    const live = play(started(), [startedFrame, delta(REPLY, 0, 0, "It is"), ...log]);
    const messages = [
      message(1, "customer", "where is my order?"),
      ...log.flatMap((event) => event.message ?? []),
    ];
    expect(order(live)).toEqual(["m1", "m2", REPLY]);
    expect(order(live)).toEqual(order(started({ seq: 3, messages })));
  });

  it("that ended with nothing said meanwhile is not moved", () => {
    const running = play(started(), [startedFrame, delta(REPLY, 0, 0, "Yo")]);
    expect(order(running)).toEqual(order(reduce(running, answered(2, REPLY, "Your order."))));
  });

  it("keeps its text, without a caret, when the server knows neither it nor its end", () => {
    const state = play(started(), [startedFrame, delta(REPLY, 0, 0, "Your ")]);
    const paused = reduce(state, { ...welcome("2"), conversations: [resumed([])] });
    expect(conversation(paused).messages[REPLY]).toMatchObject({ text: "Your ", state: "paused" });
    expect(text(reduce(paused, delta(REPLY, 0, 5, "order")))).toBe("Your order");
  });

  it("that failed keeps what was written and says why", () => {
    const failed: ServerFrame = {
      type: "reply.failed",
      conversation: CONVERSATION,
      seq: 2,
      at: "2026-11-22T10:00:00Z",
      message: REPLY,
      reason: "model_changed",
    };
    const state = play(started(), [
      startedFrame,
      delta(REPLY, 0, 0, "Your"),
      failed,
      delta(REPLY, 0, 4, "!"),
    ]);
    expect(conversation(state).messages[REPLY]).toMatchObject({
      text: "Your",
      state: "failed",
      failure: "model_changed",
    });
  });
});

describe("a takeover", () => {
  const user = { id: "a1", name: "Ada" };

  it("in mid-word leaves the cut text and not one later character", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed);
      const pieces = deltas(REPLY, 0, TEXT, random);
      const cutAt = 1 + Math.floor(random() * (pieces.length - 1));
      const cut = {
        message: REPLY,
        text: pieces
          .slice(0, cutAt)
          .map((piece) => piece.text)
          .join(""),
      };
      const seen = Math.floor(random() * pieces.length);
      const state = play(started(), [
        startedFrame,
        ...pieces.slice(0, seen),
        control(2, 1, "agent", { user, cut }),
        ...pieces.slice(seen),
      ]);
      expect(text(state)).toBe(cut.text);
      expect(conversation(state).messages[REPLY]).toMatchObject({ state: "taken_over", live: null });
      expect(conversation(state).holder).toEqual(user);
    }
  });

  it("shows the cut answer to a side that never saw it run", () => {
    const state = play(started(), [
      control(2, 1, "agent", { user, cut: { message: REPLY, text: "Your or" } }),
    ]);
    expect(text(state)).toBe("Your or");
    expect(conversation(state).timeline.map((item) => item.kind)).toEqual(["message", "message", "line"]);
  });

  it("puts the cut answer behind what the customer said while it ran, as the log does", () => {
    const state = play(started(), [
      startedFrame,
      delta(REPLY, 0, 0, "Your or"),
      created(2, message(2, "customer", "a person, please")),
      control(3, 1, "agent", { user, cut: { message: REPLY, text: "Your or" } }),
    ]);
    expect(order(state)).toEqual(["m1", "m2", REPLY, "line-3"]);
  });

  it("before the first word leaves no empty bubble", () => {
    const state = play(started(), [startedFrame, control(2, 1, "agent", { user, cut: null })]);
    expect(text(state)).toBeUndefined();
    expect(text(reduce(state, delta(REPLY, 0, 0, "late")))).toBeUndefined();
  });

  it("makes frames of the epoch before it void, also for answers not heard of yet", () => {
    const state = play(started(), [control(2, 1, "agent", { user })]);
    const late = play(state, [{ ...startedFrame, message: "r9" }, delta("r9", 0, 0, "late")]);
    expect(text(late, "r9")).toBeUndefined();
    expect(conversation(late).stale).toBeNull();
  });

  it("does not end an answer of the epoch that it begins", () => {
    const state = play(started(), [
      { ...startedFrame, epoch: 1 },
      delta(REPLY, 1, 0, "Back"),
      control(2, 1, "bot"),
    ]);
    expect(conversation(state).messages[REPLY]).toMatchObject({ text: "Back", state: "streaming" });
  });

  it("is a line with the agent's name, and handing back is one too", () => {
    const state = play(started(), [control(2, 1, "agent", { user }), control(3, 2, "bot")]);
    const lines = conversation(state).timeline.flatMap((item) => (item.kind === "line" ? [item.line] : []));
    expect(lines).toEqual([
      { kind: "joined", name: "Ada" },
      { kind: "handed_back", name: null },
    ]);
    expect(conversation(state).holder).toBeNull();
  });
});

describe("the log", () => {
  it("is applied once and in order: duplicates change nothing, a gap asks for a resume", () => {
    const state = play(started(), [created(2, message(2, "bot", "Hello"))]);
    expect(reduce(state, created(2, message(2, "bot", "Other")))).toBe(state);
    const gap = reduce(state, created(4, message(4, "bot", "Later")));
    expect(conversation(gap)).toMatchObject({ seq: 2, stale: "resume" });
    expect(conversation(gap).messages.m4).toBeUndefined();
    const healed = reduce(gap, {
      type: "ack",
      id: "7",
      ...resumed([created(3, message(3, "bot", "Now")), created(4, message(4, "bot", "Later"))]),
    });
    expect(conversation(healed)).toMatchObject({ seq: 4, stale: null });
  });

  it("counts events that this reader may not see, and those that no one has told it about", () => {
    const state = play(started(), [
      { type: "seq", conversation: CONVERSATION, seq: 2 },
      { type: "weather.changed", conversation: CONVERSATION, seq: 3, sky: "grey" } as unknown as ServerFrame,
      { type: "weather.live", conversation: CONVERSATION } as unknown as ServerFrame,
      { type: "nonsense" } as unknown as ServerFrame,
    ]);
    expect(conversation(state)).toMatchObject({ seq: 3, stale: null });
  });

  it("gives the same conversation whether it was followed, resumed or read anew, with frames lost at random", () => {
    const user = { id: "a1", name: "Ada" };
    const log = [
      created(1, message(1, "customer", "where is my order?")),
      answered(2, "r1", "It is on its way."),
      created(3, message(3, "customer", "and the boots?")),
      control(4, 1, "agent", { user, cut: { message: "r2", text: "The boo" } }),
      created(5, message(5, "agent", "Hi, Ada here.")),
      control(6, 2, "bot"),
      answered(7, "r3", "Anything else?"),
    ];
    const followed = play(started({ seq: 0, messages: [] }), log);
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed);
      let state = started({ seq: 0, messages: [] });
      for (const event of log.filter(() => random() < 0.6)) {
        if (random() < 0.5) state = reduce(state, { ...startedFrame, message: "r3", epoch: 2 });
        state = reduce(state, event);
        const held = conversation(state);
        if (held.stale) {
          state = reduce(state, { type: "ack", id: "9", ...resumed(log.slice(held.seq, event.seq)) });
        }
      }
      state = reduce(state, {
        ...welcome("2"),
        conversations: [resumed(log.slice(conversation(state).seq))],
      });
      expect(content(state)).toEqual(content(followed));
    }
    const reread = started({
      seq: 7,
      epoch: 2,
      messages: log.flatMap((event) => {
        if (event.type === "message.created") return [event.message];
        if (!event.cut) return [];
        const reply = { finish_reason: "taken_over" as const, to: 7 };
        return [{ ...message(event.seq, "bot", event.cut.text), id: event.cut.message, reply }];
      }),
    });
    expect(content(reread)).toEqual(content(followed));
  });

  it("is read anew when a resume does not join on, and when the log was replaced", () => {
    const broken = reduce(started(), { type: "ack", id: "2", ...resumed([answered(5, "r5", "far ahead")]) });
    expect(conversation(broken).stale).toBe("snapshot");
    expect(resumeCursor(conversation(broken))).toEqual({ conversation: CONVERSATION, live: null });
    const other = snapshot({ log: "log-2", seq: 1, messages: [message(1, "customer", "restored")] });
    const ahead = play(started(), [created(2, message(2, "bot", "from the lost log"))]);
    const replaced = reduce(ahead, { type: "ack", id: "3", conversation: other });
    expect(Object.keys(conversation(replaced).messages)).toEqual(["m1"]);
    expect(conversation(replaced).log).toBe("log-2");
  });

  it("does not go back to an older snapshot of the same log", () => {
    const ahead = play(started(), [created(2, message(2, "bot", "Hello"))]);
    const late = reduce(ahead, { type: "ack", id: "3", conversation: snapshot({ seq: 1 }) });
    expect(conversation(late).seq).toBe(2);
  });

  it("is not moved by the seq of an acknowledgement", () => {
    const state = reduce(started(), { type: "ack", id: "4", message: "m2", seq: 2 });
    expect(conversation(state).seq).toBe(1);
  });

  it("is forgotten when the server says it is not there", () => {
    const gone = {
      conversation: CONVERSATION,
      resumed: false as const,
      snapshot: null,
      error: "not_found" as const,
    };
    expect(reduce(started(), { ...welcome("2"), conversations: [gone] }).conversations).toEqual({});
  });

  it("asks again for a conversation that a welcome left out", () => {
    expect(conversation(reduce(started(), welcome("2"))).stale).toBe("resume");
  });
});

describe("around the conversation", () => {
  it("receipts only grow, and reading is receiving", () => {
    const participant = { kind: "agent" as const, id: "a1" };
    const at = "2026-11-22T10:00:00Z";
    const state = play(started(), [
      { type: "receipt", conversation: CONVERSATION, seq: 2, at, participant, read: 1 },
      { type: "receipt", conversation: CONVERSATION, seq: 3, at, participant, delivered: 0 },
    ]);
    expect(conversation(state).receipts.a1).toEqual({ kind: "agent", delivered: 1, read: 1 });
  });

  it("who types is known until they stop or the connection is lost", () => {
    const participant = { kind: "agent" as const, id: "a1", name: "Ada" };
    const on = reduce(started(), { type: "typing", conversation: CONVERSATION, participant, on: true });
    expect(conversation(on).typing).toEqual({ a1: participant });
    const off = reduce(on, { type: "typing", conversation: CONVERSATION, participant, on: false });
    expect(conversation(off).typing).toEqual({});
    expect(conversation(reduce(on, welcome("2"))).typing).toEqual({});
  });

  it("who typed is typing no more once they are gone or have sent it, also when nothing else says so", () => {
    const participant = { kind: "agent" as const, id: "a1", name: "Ada" };
    const on = reduce(started(), { type: "typing", conversation: CONVERSATION, participant, on: true });
    const other = { kind: "customer" as const, id: "c1", state: "online" as const };
    const here = { type: "presence" as const, conversation: CONVERSATION };
    const both = [{ ...participant, state: "online" as const }, other];
    expect(conversation(reduce(on, { ...here, participants: both })).typing).toEqual({ a1: participant });
    expect(conversation(reduce(on, { ...here, participants: [other] })).typing).toEqual({});
    const { seq } = conversation(on);
    const said: ServerFrame = {
      type: "message.created",
      conversation: CONVERSATION,
      seq: seq + 1,
      at: "2026-11-22T10:00:00Z",
      message: {
        id: "m9",
        seq: seq + 1,
        at: "2026-11-22T10:00:00Z",
        sender: { kind: "agent", id: "a1" },
        text: "Hi",
      },
    };
    expect(conversation(reduce(on, said)).typing).toEqual({});
  });

  it("an event of a type that a newer server added counts and changes nothing else", () => {
    const unknown = { type: "message.gilded", conversation: CONVERSATION, seq: 2, message: "m1" };
    const state = play(started(), [unknown as never, created(3, message(3, "customer", "Still here"))]);
    expect(conversation(state).seq).toBe(3);
    expect(conversation(state).stale).toBeNull();
    expect(Object.keys(conversation(state).messages)).toEqual(["m1", "m3"]);
  });

  it("a redacted message loses its text", () => {
    const at = "2026-11-22T10:00:00Z";
    const state = play(started(), [
      { type: "message.redacted", conversation: CONVERSATION, seq: 2, at, message: "m1" },
    ]);
    expect(conversation(state).messages.m1).toMatchObject({ text: "", state: "redacted" });
  });
});
