import { describe, expect, it } from "vitest";
import { CONVERSATION, created, message } from "@/testing/frames";
import { conversation, play, started } from "@/testing/session";
import type { ServerFrame } from "@/wire/wire.gen";
import { reduce } from "./reducer";

describe("a message of the customer", () => {
  it("has files that are what the server found it to be, once it was fetched", () => {
    const claimed = { id: "f1", name: "image", media_type: "image/*", size: 0, url: "/api/attachments/f1/" };
    const other = { ...claimed, id: "f2" };
    const sent = {
      ...message(2, "customer", ""),
      attachments: [{ ...claimed, state: "waiting" as const }, other],
    };
    const fetched = { ...claimed, media_type: "image/png", size: 108 };
    const state = play(started(), [
      created(2, sent),
      {
        type: "attachment.changed",
        conversation: CONVERSATION,
        seq: 3,
        at: "2026-11-22T10:00:00Z",
        message: "m2",
        attachment: fetched,
      },
    ]);
    expect(conversation(state).messages.m2?.attachments).toEqual([fetched, other]);
  });

  it("has the customer's last reaction until it is taken back or removed", () => {
    const reacted = (seq: number, emoji: string | null): ServerFrame => {
      const at = "2026-11-22T10:00:00Z";
      return { type: "message.reacted", conversation: CONVERSATION, seq, at, message: "m1", emoji };
    };
    const loved = play(started(), [reacted(2, "👍"), reacted(3, "❤")]);
    expect(conversation(loved).messages.m1?.reaction).toBe("❤");
    expect(conversation(reduce(loved, reacted(4, null))).messages.m1?.reaction).toBeNull();
    const removed = reduce(loved, {
      type: "message.redacted",
      conversation: CONVERSATION,
      seq: 4,
      at: "2026-11-22T10:00:00Z",
      message: "m1",
    });
    expect(conversation(removed).messages.m1?.reaction).toBeNull();
    const held = started({ messages: [message(1, "customer", "Hello", { reaction: "👍" })] });
    expect(conversation(held).messages.m1?.reaction).toBe("👍");
  });
});
