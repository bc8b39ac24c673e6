import { describe, expect, it } from "vitest";
import type { Summary } from "../inbox/summary";
import { readSummary } from "../inbox/summary";
import { latestOn, personWords, refusalWords, strangerOn, withChannel } from "./simulator";

function summary(id: string, channel: string, at: string): Summary {
  const read = readSummary({
    id,
    channel,
    status: "open",
    controller: "bot",
    customer: { id: "c", name: "C", verified: false },
    updated_at: at,
  });
  if (read === null) throw new Error("expected a readable summary");
  return read;
}

describe("latestOn", () => {
  it("finds the conversation beside the phone, whatever happens elsewhere", () => {
    const inbox = [
      summary("old", "whatsapp", "2026-11-22T10:00:00Z"),
      summary("new", "whatsapp", "2026-11-22T11:00:00Z"),
      summary("else", "web", "2026-11-22T12:00:00Z"),
    ];
    expect(latestOn("whatsapp", inbox)?.id).toBe("new");
    expect(latestOn("instagram", inbox)).toBeNull();
  });
});

describe("people", () => {
  it("get addresses as their channel has them", () => {
    expect(strangerOn("whatsapp", () => 0.0042)).toBe("whatsapp:+14155560042");
    expect(strangerOn("messenger", () => 0.5)).toMatch(/^\d+$/);
    expect(personWords("whatsapp:+14155550101")).toBe("+14155550101");
    expect(personWords("9901001")).toBe("9901001");
  });
});

describe("events", () => {
  it("are told as they went", () => {
    expect(refusalWords(200)).toBeNull();
    expect(refusalWords(0)).toContain("did not answer");
    expect(refusalWords(503)).toContain("503");
  });

  it("change their channel alone", () => {
    const channel = (kind: string) => ({ kind, account: null, person: null, faults: [], lines: [] });
    const before = { channels: [channel("whatsapp"), channel("messenger")], faults: [] };
    const after = withChannel(before, { ...channel("messenger"), faults: ["rate_limit"] });
    expect(after.channels.map(({ faults }) => faults)).toEqual([[], ["rate_limit"]]);
  });
});
