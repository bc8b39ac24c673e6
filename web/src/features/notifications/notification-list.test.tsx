import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Notification } from "@/wire/wire.gen";
import { NotificationList } from "./notification-list";

const AT = "2026-11-22T10:00:00Z";
const UNREAD: Notification = {
  type: "notification",
  id: "n1",
  kind: "csat_low",
  at: AT,
  conversation: "c1",
  customer: "Ana",
};

function show(live: Notification[], stored: Omit<Notification, "type">[] = []) {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ notifications: stored })));
  const seen = { onOpen: vi.fn(), onRead: vi.fn(), onClose: vi.fn() };
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <NotificationList live={live} {...seen} />
    </QueryClientProvider>,
  );
  return seen;
}

afterEach(() => vi.unstubAllGlobals());

describe("NotificationList", () => {
  it("says what, with whom, and that it is unread; opened by the keyboard", async () => {
    const seen = show([UNREAD]);
    const row = screen.getByTestId("notification");
    expect(row.textContent).toContain("Unread: A customer gave a low rating");
    expect(row.textContent).toContain("Ana");
    row.focus();
    await userEvent.keyboard("{Enter}");
    expect(seen.onOpen).toHaveBeenCalledWith(UNREAD);
  });

  it("marks all that is unread at once, stored ones too", async () => {
    const seen = show([UNREAD], [{ id: "n0", kind: "handoff", at: AT }]);
    expect(await screen.findAllByTestId("notification")).toHaveLength(1);
    await vi.waitFor(() => expect(screen.getAllByTestId("notification")).toHaveLength(2));
    await userEvent.click(screen.getByRole("button", { name: "Mark all read" }));
    expect(new Set(seen.onRead.mock.calls[0]?.[0])).toEqual(new Set(["n0", "n1"]));
  });

  it("has words for nothing, and nothing to mark", async () => {
    show([]);
    expect(await screen.findByText("Nothing to tell")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Mark all read" })).toBeNull();
  });
});
