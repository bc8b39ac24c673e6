import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { inConsole, signedIn } from "@/testing/console-rig";
import { SamePerson } from "./same-person";

const SAME = {
  twins: [{ id: "c2", name: "Ana", reason: "email" }],
  merges: [{ id: "m1", source: "c3", into: "c1", reason: "phone", at: "2026-10-01T10:00:00Z" }],
};

function answering(): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    asked.push(`${init.method ?? "GET"} ${url} ${init.body ?? ""}`.trim());
    return new Response(JSON.stringify(url.endsWith("/same/") ? SAME : { id: "m2" }), {
      headers: { "Content-Type": "application/json" },
    });
  });
  return asked;
}

test("two records of one person are joined, and taken apart, by one click", async () => {
  const session = signedIn();
  const asked = answering();
  render(inConsole(session, <SamePerson customer="c1" />));
  expect((await screen.findByTestId("twin")).textContent).toContain(
    "May also be Ana: the same e-mail address",
  );
  expect(screen.getByTestId("joined").textContent).toContain("the same phone number");

  fireEvent.click(screen.getByRole("button", { name: "Join" }));
  await waitFor(() => expect(asked).toContain('POST /api/customers/c2/merge/ {"into":"c1"}'));

  fireEvent.click(screen.getByRole("button", { name: "Take apart" }));
  await waitFor(() => expect(asked).toContain("POST /api/merges/m1/undo/"));
});
