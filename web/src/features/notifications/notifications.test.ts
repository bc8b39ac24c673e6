import { describe, expect, it } from "vitest";
import { reduce } from "@/shared/session/reducer";
import { initialSession, type SessionState } from "@/shared/session/state";
import { welcome } from "@/testing/frames";
import type { Notification } from "@/wire/wire.gen";
import { badge, happened, merged, unreadOf, unreadWords } from "./notifications";

function told(number: number, more: Partial<Notification> = {}): Notification {
  const at = `2026-11-22T10:0${number}:00Z`;
  return { type: "notification", id: `n${number}`, kind: "handoff", at, conversation: "c1", ...more };
}

function play(...frames: Parameters<typeof reduce>[1][]): SessionState {
  return frames.reduce(reduce, initialSession);
}

function ids(notifications: readonly Notification[]): string[] {
  return notifications.map(({ id }) => id);
}

describe("notifications of the session", () => {
  it("are held once each, the newest first, in whatever order they come", () => {
    const { notifications } = play(told(2), told(1), told(3), told(2));
    expect(ids(notifications)).toEqual(["n3", "n2", "n1"]);
  });

  it("become read by what another tab did, and stay read when an older frame comes late", () => {
    const { notifications } = play(told(1), told(2), told(1, { read: true }), told(1));
    expect(unreadOf(notifications)).toEqual(["n2"]);
    expect(ids(notifications)).toEqual(["n2", "n1"]);
  });

  it("are told again by a server that knows no cursor: what was read elsewhere is unread no more", () => {
    const { notifications } = play(told(1), told(2), told(2, { read: true }), told(3), welcome("2"), told(3));
    expect(ids(notifications)).toEqual(["n3", "n2"]);
    expect(unreadOf(notifications)).toEqual(["n3"]);
  });
});

describe("merged", () => {
  it("adds what was stored earlier, and what is read on either side is read", () => {
    const all = merged([told(3), told(2)], [told(2, { read: true }), told(1)]);
    expect(ids(all)).toEqual(["n3", "n2", "n1"]);
    expect(unreadOf(all)).toEqual(["n3", "n1"]);
    expect(unreadOf(merged([told(2, { read: true })], [told(2)]))).toEqual([]);
  });
});

describe("words", () => {
  it("name the colleague, and do without one", () => {
    expect(happened({ kind: "mention", by: { id: "u1", name: "Ada" } })).toBe("Ada mentioned you in a note");
    expect(happened({ kind: "assigned" })).toBe("A colleague assigned you a conversation");
    expect(happened({ kind: "newer" as Notification["kind"] })).toBe("Something happened");
  });

  it("count in a small place", () => {
    expect([0, 1, 99, 100].map(badge)).toEqual(["", "1", "99", "99+"]);
    expect([0, 1, 2].map(unreadWords)).toEqual([
      "No unread notifications",
      "1 unread notification",
      "2 unread notifications",
    ]);
  });
});
