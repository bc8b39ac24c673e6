import { describe, expect, it } from "vitest";
import {
  backwards,
  discloses,
  draftChanges,
  draftOf,
  draftProblems,
  type Rules,
  withDisclosure,
} from "./rules";

const RULES: Rules = {
  double_texting: "merge",
  handoff_timeout: "resume",
  handoff_timeout_s: 100,
  handoff_timeout_text: "Nobody could take over yet.",
  reopen_within_h: 24,
  ask_csat: true,
  disclosure: true,
  disclosure_text: "This is an automatic assistant.",
  disclosure_gap_h: 24,
};
const CHANNELS = ["whatsapp", "messenger", "instagram"];

describe("a draft of the rules", () => {
  it("changes nothing by being shown, though the form shows fewer digits", () => {
    expect(draftOf(RULES).handoff_minutes).toBe("1.67");
    expect(draftChanges(draftOf(RULES), RULES)).toEqual({});
  });

  it("sends what was changed alone, and knows the way back", () => {
    const draft = { ...draftOf(RULES), handoff_minutes: "10", ask_csat: false };
    const change = draftChanges(draft, RULES);
    expect(change).toEqual({ handoff_timeout_s: 600, ask_csat: false });
    expect(backwards(change, RULES)).toEqual({ handoff_timeout_s: 100, ask_csat: true });
  });

  it("is held back by what the server would refuse", () => {
    const draft = {
      ...draftOf(RULES),
      handoff_minutes: "",
      reopen_hours: "9000",
      gap_hours: "soon",
      disclosure_text: "  ",
    };
    expect(Object.keys(draftProblems(draft))).toEqual([
      "handoff_minutes",
      "reopen_hours",
      "gap_hours",
      "disclosure_text",
    ]);
    expect(draftProblems(draftOf(RULES))).toEqual({});
  });
});

describe("disclosure", () => {
  it("becomes a list when channels differ, and one value again when they do not", () => {
    const differs = withDisclosure(true, CHANNELS, "whatsapp", false);
    expect(differs).toEqual({ whatsapp: false, messenger: true, instagram: true });
    expect(withDisclosure(differs, CHANNELS, "whatsapp", true)).toBe(true);
  });

  it("keeps what is said of a channel that the page does not show", () => {
    const given = { webhook: false };
    expect(withDisclosure(given, CHANNELS, "messenger", true)).toEqual({
      whatsapp: true,
      messenger: true,
      instagram: true,
      webhook: false,
    });
    expect(discloses(given, "whatsapp")).toBe(true);
  });
});
