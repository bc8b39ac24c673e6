import { describe, expect, it } from "vitest";
import { LineChoice } from "./line-choice";

function tries(choice: LineChoice, count: number): string[] {
  return Array.from({ length: count }, () => {
    const kind = choice.next();
    choice.failed();
    return kind;
  });
}

describe("the choice of a line", () => {
  it("falls on streams after two failures, and on both in turn while nothing works", () => {
    expect(tries(new LineChoice(true), 6)).toEqual([
      "socket",
      "socket",
      "stream",
      "socket",
      "stream",
      "socket",
    ]);
  });

  it("is patient with WebSockets that worked before on this page", () => {
    const choice = new LineChoice(true);
    choice.next();
    choice.welcomed();
    expect(tries(choice, 8).indexOf("stream")).toBe(6);
  });

  it("is never a stream where there is none", () => {
    expect(new Set(tries(new LineChoice(false), 20))).toEqual(new Set(["socket"]));
  });

  it("stays with a stream that was welcomed, until a probe finds that WebSockets work", () => {
    const choice = new LineChoice(true);
    tries(choice, 2);
    expect(choice.next()).toBe("stream");
    choice.welcomed();
    expect(choice.next()).toBe("stream");
    choice.welcomed();
    choice.probed(true);
    expect(choice.next()).toBe("socket");
    choice.failed();
    expect(choice.next()).toBe("stream");
    choice.welcomed();
    choice.probed(true);
    expect(choice.next()).toBe("socket");
    choice.welcomed();
    expect(choice.next()).toBe("socket");
  });

  it("looks for WebSockets less and less often while they are blocked", () => {
    const choice = new LineChoice(true);
    const first = choice.probeMs;
    choice.probed(false);
    expect(choice.probeMs).toBe(2 * first);
    for (let round = 0; round < 20; round += 1) choice.probed(false);
    expect(choice.probeMs).toBe(15 * first);
    choice.reset();
    expect(choice.probeMs).toBe(first);
  });
});
