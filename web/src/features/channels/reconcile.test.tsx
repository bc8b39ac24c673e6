import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { inConsole, signedIn } from "@/testing/console-rig";
import { Reconcile } from "./reconcile";

const HEALTH = {
  credentials_good: true,
  subscribed: true,
  missing_fields: [],
  token_expires_at: null,
  detail: "",
};
const DONE = {
  reached: true,
  subscribed_again: true,
  renewed: false,
  fetched: 1,
  health: HEALTH,
  topics: [],
  detail: "",
  token_until: null,
  records: null,
};

test("one click puts an account in order, shows that it is under way, and says what was done", async () => {
  const answers: ((answer: Response) => void)[] = [];
  const asked: string[] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
    asked.push(`${init.method ?? "GET"} ${url}`);
    return new Promise<Response>((answer) => answers.push(answer));
  });
  render(inConsole(signedIn(), <Reconcile account="a1" />));
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Put in order" });

  fireEvent.click(button);
  await screen.findByText(/Asking the vendor/);
  expect(button.disabled).toBe(true);
  expect(asked).toEqual(["POST /api/channels/accounts/a1/reconcile/"]);

  answers[0]?.(new Response(JSON.stringify(DONE), { headers: { "Content-Type": "application/json" } }));
  const done = await screen.findByRole("list", { name: "What was done" });
  expect(done.textContent).toContain("Events arrive here again");
  expect(done.textContent).toContain("1 message that was missed is in the inbox now");
  expect(button.disabled).toBe(false);
});

test("says what went wrong, and lets it be tried again", async () => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ detail: "not now" }), { status: 503 }));
  render(inConsole(signedIn(), <Reconcile account="a1" />));
  fireEvent.click(screen.getByRole("button", { name: "Put in order" }));
  expect((await screen.findByRole("alert")).textContent).toBe("Not now");
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Put in order" }).disabled).toBe(false);
});
