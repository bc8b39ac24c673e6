import { describe, expect, it } from "vitest";
import { type Sample, tokensPerSecond, withSample } from "./reply-rate";

function sampled(points: [number, number][]): Sample[] {
  return points.reduce<Sample[]>((samples, [at, to]) => withSample(samples, { at, to }), []);
}

describe("tokensPerSecond", () => {
  it("counts what was added in the last moments", () => {
    expect(
      tokensPerSecond(
        sampled([
          [0, 0],
          [500, 60],
          [1000, 120],
        ]),
      ),
    ).toBe(30);
    expect(
      tokensPerSecond(
        sampled([
          [0, 0],
          [5000, 400],
          [6000, 480],
        ]),
      ),
    ).toBe(20);
  });

  it("tells nothing before there is enough to go by", () => {
    expect(tokensPerSecond([])).toBeNull();
    expect(
      tokensPerSecond(
        sampled([
          [0, 0],
          [100, 40],
        ]),
      ),
    ).toBeNull();
  });

  it("begins anew with the next answer, whose text is shorter", () => {
    expect(
      sampled([
        [0, 0],
        [1000, 200],
        [1100, 4],
      ]),
    ).toEqual([{ at: 1100, to: 4 }]);
  });
});
