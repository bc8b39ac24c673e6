import { describe, expect, it } from "vitest";
import { AMBER_AFTER_S, RED_AFTER_S, secondsSince, shortAge, waitingTone, waitingWords } from "./waiting";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

describe("waitingTone", () => {
  it.each([
    [0, "calm"],
    [AMBER_AFTER_S - 1, "calm"],
    [AMBER_AFTER_S, "amber"],
    [RED_AFTER_S - 1, "amber"],
    [RED_AFTER_S, "red"],
    [7 * 24 * 3600, "red"],
  ])("after %i s is %s", (seconds, tone) => {
    expect(waitingTone(ago(seconds), NOW)).toBe(tone);
  });

  it("stays calm when nobody waits", () => {
    expect(waitingTone(null, NOW)).toBe("calm");
  });

  it("stays calm when the server's clock is ahead or the time cannot be read", () => {
    expect(waitingTone(ago(-30), NOW)).toBe("calm");
    expect(waitingTone("yesterday", NOW)).toBe("calm");
    expect(secondsSince(ago(-30), NOW)).toBe(0);
  });
});

describe("shortAge", () => {
  it.each([
    [59, "now"],
    [60, "1 min"],
    [11 * 60 + 59, "11 min"],
    [3600, "1 h"],
    [86_399, "23 h"],
    [86_400, "1 d"],
  ])("%i s reads %s", (seconds, words) => {
    expect(shortAge(seconds)).toBe(words);
  });
});

describe("waitingWords", () => {
  it("says in words what the colour says", () => {
    expect(waitingWords(ago(20), NOW)).toBe("waiting for less than a minute");
    expect(waitingWords(ago(240), NOW)).toBe("waiting for 4 min, soon late");
    expect(waitingWords(ago(660), NOW)).toBe("waiting for 11 min, late");
    expect(waitingWords(null, NOW)).toBe("");
  });
});
