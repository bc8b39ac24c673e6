import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { CONVERSATION, message, snapshot, welcome } from "@/testing/frames";
import type { Message } from "@/wire/wire.gen";
import { type ConsoleSession, createSession, SessionContext } from "../live/console-session";
import { Bubble } from "./bubble";

const ADA = { id: "ada", name: "Ada Lind", role: "agent", email: "ada@demo.test", shop: "Demo" };

let session: ConsoleSession;

function show(more: Partial<Message>, earlier: Partial<Message> = {}) {
  FakeWebSocket.all = [];
  vi.stubGlobal("WebSocket", FakeWebSocket);
  session = createSession(ADA);
  session.client.open();
  FakeWebSocket.last.serverOpens();
  const messages = [
    message(1, "agent", "Which size do you need?", earlier),
    message(2, "customer", "M", more),
  ];
  FakeWebSocket.last.serverSays({
    ...welcome(String(FakeWebSocket.last.command("hello").id)),
    conversations: [
      {
        conversation: CONVERSATION,
        resumed: false,
        snapshot: snapshot({ seq: 2, messages: messages as never }),
      },
    ],
  });
  render(
    <SessionContext value={session}>
      <QueryClientProvider client={new QueryClient()}>
        <Bubble conversation={CONVERSATION} id="m2" endsGroup rises={false} />
      </QueryClientProvider>
    </SessionContext>,
  );
}

afterEach(() => {
  cleanup();
  session.client.close();
  vi.unstubAllGlobals();
});

describe("a customer's reaction", () => {
  it("stands beneath the message", () => {
    show({ reaction: "❤" });
    expect(screen.getByTestId("reaction").textContent).toContain("❤");
    cleanup();
    show({});
    expect(screen.queryByTestId("reaction")).toBeNull();
  });
});

describe("what a message refers to", () => {
  it("is quoted above it", () => {
    show({ refers: { message: "m1" } });
    expect(screen.getByTestId("refers").textContent).toBe("Which size do you need?");
  });

  it("is not quoted when it was removed or is not loaded", () => {
    show({ refers: { message: "m1" } }, { redacted: true, text: "" });
    expect(screen.getByTestId("refers").textContent).toContain("removed");
    cleanup();
    show({ refers: { message: "m0" } });
    expect(screen.getByTestId("refers").textContent).toBe("in answer to an earlier message");
  });

  it("may be a story or an advertisement; only web addresses become links", () => {
    show({
      refers: { story: { url: "https://cdn.test/s" }, referral: { headline: "Warm coats", url: "data:x" } },
    });
    const links = screen.getAllByRole("link");
    expect(links.map((link) => link.getAttribute("href"))).toEqual(["https://cdn.test/s"]);
    expect(screen.getByText(/came from Warm coats/)).toBeTruthy();
  });
});
