import { describe, expect, it } from "vitest";
import { invitation } from "./team";

describe("invitation", () => {
  it("holds all that is needed for the first sign-in", () => {
    const user = { id: "u", name: "Ben", email: "ben@shop.test", role: "agent", active: true };
    const text = invitation({ user, password: "s3cret" }, "The Shop", "https://chat.shop.test/console");
    for (const part of ["Ben", "The Shop", "https://chat.shop.test/console", "ben@shop.test", "s3cret"]) {
      expect(text).toContain(part);
    }
  });
});
