import { describe, expect, it } from "vitest";
import { withDraft } from "./drafts";

describe("withDraft", () => {
  it("keeps one text per key and forgets an emptied one", () => {
    const written = withDraft(withDraft({}, "c1:reply", "hel"), "c1:reply", "hello");
    expect(written).toEqual({ "c1:reply": "hello" });
    expect(withDraft(written, "c1:reply", "")).toEqual({});
  });

  it("lets the oldest go when there are very many", () => {
    let texts = {};
    for (let index = 0; index < 205; index += 1) texts = withDraft(texts, `c${index}:reply`, "x");
    expect(Object.keys(texts)).toHaveLength(200);
    expect(texts).not.toHaveProperty("c0:reply");
    expect(texts).toHaveProperty("c204:reply");
  });
});
