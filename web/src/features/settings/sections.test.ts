import { describe, expect, it } from "vitest";
import { may, ROLES } from "../auth/rights";
import { SECTIONS, sectionsOf } from "./sections";

describe("sections", () => {
  it("are all there for owners, without the team for admins", () => {
    expect(sectionsOf("owner")).toEqual(SECTIONS);
    const admin = sectionsOf("admin").map(({ name }) => name);
    expect(admin).toContain("channels");
    expect(admin).not.toContain("team");
  });

  it("leave agents and viewers their own account and the figures", () => {
    for (const role of ["agent", "viewer"]) {
      expect(sectionsOf(role).map(({ name }) => name)).toEqual(["models", "account"]);
    }
    expect(sectionsOf("stranger").map(({ name }) => name)).toEqual(["account"]);
  });
});

describe("rights", () => {
  it("never widen from a wider role to a narrower one", () => {
    const rights = ["users.manage", "settings.manage", "conversations.write", "analytics.read"] as const;
    const counts = ROLES.map(({ value }) => rights.filter((right) => may(value, right)).length);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });
});
