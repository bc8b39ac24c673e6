import { afterEach, describe, expect, it, vi } from "vitest";
import { restoreSession, useSession } from "./session";

function serverAnswers(status: number, body: unknown): void {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(body, { status })));
}

afterEach(() => {
  vi.unstubAllGlobals();
  useSession.setState({ status: "unknown" }, true);
});

describe("restoreSession", () => {
  it("asks to sign in when nobody is", async () => {
    serverAnswers(401, { detail: "sign in first" });
    await restoreSession();
    expect(useSession.getState()).toEqual({ status: "out", reason: null });
  });

  it("does not sign anybody out because the server is in trouble", async () => {
    serverAnswers(503, { detail: "the database is away" });
    await restoreSession();
    expect(useSession.getState()).toEqual({ status: "unreachable", reason: "The database is away" });
  });
});
