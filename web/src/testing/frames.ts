import type {
  ControlChanged,
  LiveSnapshot,
  LoggedEvent,
  Message,
  MessageCreated,
  ReplyDelta,
  Welcome,
} from "@/wire/wire.gen";

export const CONVERSATION = "c1";
const AT = "2026-11-22T10:00:00Z";

export function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

export function message(
  seq: number,
  kind: Message["sender"]["kind"],
  text: string,
  more: Partial<Message> = {},
) {
  return { id: `m${seq}`, seq, at: AT, sender: { kind, name: null }, text, ...more } satisfies Message;
}

export function created(seq: number, body: Message): MessageCreated {
  return { type: "message.created", conversation: CONVERSATION, seq, at: AT, message: body };
}

/** The logged end of an answer. */
export function answered(seq: number, id: string, text: string): MessageCreated {
  return created(seq, {
    ...message(seq, "bot", text),
    id,
    reply: { finish_reason: "stop", to: bytes(text) },
  });
}

export function control(
  seq: number,
  epoch: number,
  controller: ControlChanged["controller"],
  more: Partial<ControlChanged> = {},
): ControlChanged {
  return { type: "control.changed", conversation: CONVERSATION, seq, at: AT, controller, epoch, ...more };
}

export function delta(id: string, epoch: number, from: number, text: string): ReplyDelta {
  return {
    type: "reply.delta",
    conversation: CONVERSATION,
    message: id,
    epoch,
    from,
    to: from + bytes(text),
    text,
  };
}

/** The whole of a text as deltas of one to a few characters, cut only between characters. */
export function deltas(id: string, epoch: number, text: string, random: () => number): ReplyDelta[] {
  const characters = [...text];
  const pieces: ReplyDelta[] = [];
  for (let index = 0, from = 0; index < characters.length; ) {
    const size = 1 + Math.floor(random() * 4);
    const piece = delta(id, epoch, from, characters.slice(index, index + size).join(""));
    pieces.push(piece);
    from = piece.to;
    index += size;
  }
  return pieces;
}

export function snapshot(more: Partial<LiveSnapshot> = {}): LiveSnapshot {
  return {
    id: CONVERSATION,
    log: "log-1",
    status: "open",
    controller: "bot",
    epoch: 0,
    seq: 0,
    customer: { id: "v1", verified: false },
    channel: "web",
    messages: [],
    live: null,
    ...more,
  };
}

export function welcome(id: string, more: Partial<Welcome> = {}): Welcome {
  return {
    type: "welcome",
    id,
    protocol: 1,
    connection: "k1",
    token: "visitor-token",
    visitor: { id: "v1", verified: false },
    heartbeat_s: 25,
    limits: { frame_bytes: 65536, commands_per_minute: 120, message_chars: 4000 },
    conversations: [],
    ...more,
  };
}

export function resumed(events: LoggedEvent[], live: LiveSnapshot["live"] = null) {
  return { conversation: CONVERSATION, resumed: true as const, events, live };
}

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
