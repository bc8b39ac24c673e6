import { describe, expect, it } from "vitest";
import { BINDINGS, type KeyPress, keyCaps, matchBindings, resolveKey } from "./keymap";

function press(key: string, given: Partial<KeyPress> = {}): KeyPress {
  return {
    key,
    code: "",
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    typing: false,
    onControl: false,
    repeat: false,
    ...given,
  };
}

describe("resolveKey", () => {
  it.each([
    ["j", "list.next"],
    ["k", "list.previous"],
    ["Enter", "list.open"],
    ["/", "list.search"],
    ["t", "conversation.take"],
    ["T", "conversation.take"],
    ["h", "conversation.release"],
    ["r", "conversation.reply"],
    ["n", "conversation.note"],
    ["e", "conversation.close"],
    ["?", "keys.open"],
  ])("%s is %s", (key, action) => {
    expect(resolveKey(press(key))).toBe(action);
  });

  it("leaves letters to the field somebody types in", () => {
    for (const key of ["t", "e", "/", "?", "Enter"])
      expect(resolveKey(press(key, { typing: true }))).toBeNull();
  });

  it("keeps the palette and the queues within reach while typing", () => {
    expect(resolveKey(press("k", { ctrlKey: true, typing: true }))).toBe("palette.open");
    expect(resolveKey(press("k", { metaKey: true, typing: true }))).toBe("palette.open");
    expect(resolveKey(press("2", { altKey: true, code: "Digit2", typing: true }))).toBe("queue.unassigned");
  });

  it("reads Alt and a digit by its place, whatever the layout prints", () => {
    expect(resolveKey(press("¡", { altKey: true, code: "Digit1" }))).toBe("queue.mine");
    expect(resolveKey(press("€", { altKey: true, code: "Digit4" }))).toBe("queue.all");
  });

  it("leaves the browser's own chords alone", () => {
    for (const key of ["t", "r", "n", "h", "e", "j"])
      expect(resolveKey(press(key, { ctrlKey: true }))).toBeNull();
    expect(resolveKey(press("ArrowLeft", { altKey: true }))).toBeNull();
  });

  it("leaves Enter to a focused button", () => {
    expect(resolveKey(press("Enter", { onControl: true }))).toBeNull();
    expect(resolveKey(press("j", { onControl: true }))).toBe("list.next");
  });

  it("walks on while J is held down, but takes over only once", () => {
    expect(resolveKey(press("j", { repeat: true }))).toBe("list.next");
    expect(resolveKey(press("t", { repeat: true }))).toBeNull();
  });
});

describe("BINDINGS", () => {
  it("give no chord and no action twice", () => {
    expect(new Set(BINDINGS.map(({ keys }) => keys)).size).toBe(BINDINGS.length);
    expect(new Set(BINDINGS.map(({ action }) => action)).size).toBe(BINDINGS.length);
  });

  it("are found by words of their title and printed as on the keyboard", () => {
    expect(matchBindings("take over").map(({ action }) => action)).toEqual(["conversation.take"]);
    expect(matchBindings("").length).toBe(BINDINGS.length);
    expect(keyCaps("Mod+K", true)).toEqual(["⌘", "K"]);
    expect(keyCaps("Alt+1", false)).toEqual(["Alt", "1"]);
  });
});
