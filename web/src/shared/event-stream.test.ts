import { describe, expect, it } from "vitest";
import { EventReader } from "./event-stream";

describe("reading events", () => {
  it("gives the data of each whole event, however the text is cut", () => {
    const text =
      'data: {"a":1}\n\n: a comment\ndata:{"b":2}\r\n\r\nevent: x\nid: 7\ndata: one\ndata: two\n\nretry: 5\n\n';
    const whole = ['{"a":1}', '{"b":2}', "one\ntwo"];
    expect(new EventReader().push(text)).toEqual(whole);
    for (let cut = 0; cut <= text.length; cut += 1) {
      const reader = new EventReader();
      expect([...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))]).toEqual(whole);
    }
    const reader = new EventReader();
    expect([...text].flatMap((character) => reader.push(character))).toEqual(whole);
  });

  it("keeps an event that has not ended", () => {
    const reader = new EventReader();
    expect(reader.push("data: half")).toEqual([]);
    expect(reader.push(" and half\n")).toEqual([]);
    expect(reader.push("\n")).toEqual(["half and half"]);
  });
});
