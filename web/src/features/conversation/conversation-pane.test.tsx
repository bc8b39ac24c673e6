import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createRef } from "react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ADA, inConsole, signedIn } from "@/testing/console-rig";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { answered, control, created, delta, message, snapshot, welcome } from "@/testing/frames";
import type { LiveSnapshot } from "@/wire/wire.gen";
import type { ConsoleSession } from "../live/console-session";
import { useControlStore } from "./control-store";
import { ConversationPane } from "./conversation-pane";
import { type DraftKind, useDrafts } from "./drafts";
import { useSuggestionStore } from "./suggestion-store";

const BEN = { id: "ben", name: "Ben Roth" };

let session: ConsoleSession;

function Pane({ kind = "reply" }: { kind?: DraftKind }) {
  return inConsole(
    session,
    <MemoryRouter>
      <ConversationPane
        conversation="c1"
        kind={kind}
        onKind={() => undefined}
        field={createRef()}
        panelOpen={false}
        onPanel={() => undefined}
        onClosed={() => undefined}
        onBack={() => undefined}
      />
    </MemoryRouter>,
  );
}

const says = (frame: unknown) => act(async () => FakeWebSocket.last.serverSays(frame));
const bar = () => screen.getByTestId("control-bar");

/** Answer the last command of a type. */
function answer(type: string, fields: Record<string, unknown>) {
  return says({ type: "ack", id: FakeWebSocket.last.command(type).id, ...fields });
}

async function openPane(given: Partial<LiveSnapshot> = {}, role?: string) {
  session = signedIn(role);
  await act(async () => FakeWebSocket.last.serverOpens());
  render(<Pane />);
  await says(welcome(String(FakeWebSocket.last.command("hello").id)));
  await answer("conversation.watch", {
    conversation: "c1",
    resumed: false,
    snapshot: snapshot({ seq: 1, messages: [message(1, "customer", "where is it?")], ...given }),
  });
}

beforeEach(() => {
  vi.stubGlobal("WebSocket", FakeWebSocket);
  vi.stubGlobal("fetch", async () => Response.json({ intents: [] }));
  FakeWebSocket.all = [];
});

afterEach(() => {
  cleanup();
  session.client.close();
  sessionStorage.clear();
  useDrafts.getState().forgetAll();
  useControlStore.setState({ byConversation: {} });
  useSuggestionStore.setState({ byConversation: {} });
  vi.unstubAllGlobals();
});

describe("reading along", () => {
  it("offers nothing that a viewer may not do", async () => {
    await openPane({}, "viewer");
    expect(bar().textContent).toContain("Assistant is in control");
    expect(screen.getByTestId("read-only").textContent).toContain("You read along");
    for (const name of ["take-over", "composer", "send", "suggest"])
      expect(screen.queryByTestId(name)).toBeNull();
    expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
    expect(screen.getByTestId("summary-button")).toBeTruthy();
  });
});

describe("taking over", () => {
  it("shows at once, is confirmed by the server, and marks where the answer was cut", async () => {
    await openPane();
    await says(delta("m2", 0, 0, "Your order is on its way"));
    await waitFor(() => expect(bar().textContent).toContain("Assistant is answering"));

    await userEvent.click(screen.getByTestId("take-over"));
    expect(bar().dataset).toMatchObject({ controller: "agent", holder: "me", pending: "true" });

    const cut = { message: "m2", text: "Your order" };
    await says(control(2, 1, "agent", { user: ADA, cut }));
    await answer("control.take", { epoch: 1, cut });
    expect(bar().dataset).toMatchObject({ controller: "agent", pending: "false" });
    expect(screen.getByText("Your order").parentElement?.dataset.state).toBe("cut");
    expect(screen.getByText("stopped here")).toBeTruthy();
    expect(screen.queryByTestId("caret")).toBeNull();
  });

  it("goes back with the reason when a colleague was faster", async () => {
    await openPane();
    await userEvent.click(screen.getByTestId("take-over"));
    const { id } = FakeWebSocket.last.command("control.take");
    await says({ type: "error", id, code: "conflict", message: "held", holder: BEN });
    expect(bar().dataset.controller).toBe("bot");
    expect(screen.getByRole("alert").textContent).toContain("Ben Roth is already in control.");
  });

  it("is refused with a reason while the line is down", async () => {
    await openPane();
    await act(async () => FakeWebSocket.last.serverCloses(1006));
    await userEvent.click(screen.getByTestId("take-over"));
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("no connection"));
    expect(bar().dataset.controller).toBe("bot");
  });
});

describe("the composer", () => {
  it("is closed for another agent's conversation and says whose it is", async () => {
    await openPane({ controller: "agent", holder: BEN });
    const field = screen.getByTestId("composer") as HTMLTextAreaElement;
    expect(field.disabled).toBe(true);
    expect(field.placeholder).toContain("Ben Roth is in control");
  });

  it("shows an ended answer where the log has it: behind the line that was logged before it", async () => {
    await openPane();
    await says(delta("r1", 0, 0, "It is on"));
    await says(created(2, message(2, "system", "This is an automatic assistant.")));
    await says(answered(3, "r1", "It is on its way."));
    const texts = screen.getByRole("log", { name: "Messages" }).textContent ?? "";
    expect(texts.indexOf("automatic assistant")).toBeLessThan(texts.indexOf("It is on its way."));
  });

  it("takes control by sending, and shows the message once when it is in the log", async () => {
    await openPane();
    await userEvent.type(screen.getByTestId("composer"), "Hello, Ada here{Enter}");
    expect(bar().dataset).toMatchObject({ controller: "agent", pending: "true" });
    const sent = FakeWebSocket.last.command("message.send");
    expect(sent).toMatchObject({ conversation: "c1", text: "Hello, Ada here" });

    await says(control(2, 1, "agent", { user: ADA }));
    const own = { ...message(3, "agent", "Hello, Ada here"), client_id: String(sent.client_id) };
    await says(created(3, own));
    await answer("message.send", { message: "m3", seq: 3 });
    expect(screen.getAllByText("Hello, Ada here")).toHaveLength(1);
    expect(screen.queryByTestId("outgoing")).toBeNull();
  });

  it("gives control back and keeps the text when sending is refused, and resends under the same id", async () => {
    await openPane();
    await userEvent.type(screen.getByTestId("composer"), "Hello{Enter}");
    const first = FakeWebSocket.last.command("message.send");
    await says({ type: "error", id: first.id, code: "conflict", message: "held", holder: BEN });
    await waitFor(() => expect(screen.getByTestId("outgoing").dataset.state).toBe("failed"));
    expect(bar().dataset.controller).toBe("bot");

    await userEvent.click(screen.getByTestId("resend"));
    const second = FakeWebSocket.last.command("message.send");
    expect(second.id).not.toBe(first.id);
    expect(second.client_id).toBe(first.client_id);
  });

  it("keeps what is not sent yet, also over a reload of the page", async () => {
    await openPane();
    await userEvent.type(screen.getByTestId("composer"), "half a sen");
    cleanup();
    session.client.close();
    await openPane();
    expect((screen.getByTestId("composer") as HTMLTextAreaElement).value).toBe("half a sen");
  });
});

describe("messages", () => {
  it("carry who wrote them and what the classifiers made of them", async () => {
    await openPane();
    await says({
      type: "message.analyzed",
      conversation: "c1",
      seq: 2,
      at: "2026-11-22T10:00:01Z",
      message: "m1",
      intent: { label: "order_status", score: 0.98 },
      sentiment: { label: "negative", score: 0.7 },
    });
    const [first] = screen.getAllByTestId("message");
    expect(first?.dataset).toMatchObject({ sender: "customer", state: "done" });
    expect(first?.textContent).toContain("order status");
    expect(first?.textContent).toContain("negative");
  });

  it("have an intent that can be corrected, and says why when it was refused", async () => {
    const intents = [
      { label: "order_status", meaning: "asks where an order is" },
      { label: "invoice", meaning: "wants an invoice" },
    ];
    const posted: unknown[] = [];
    vi.stubGlobal("fetch", async (path: string, request: RequestInit) => {
      if (request.method === "GET") return Response.json({ intents });
      posted.push([path, JSON.parse(String(request.body))]);
      return Response.json({ title: "Conflict", detail: "it is still being analysed" }, { status: 409 });
    });
    await openPane();
    await says({
      type: "message.analyzed",
      conversation: "c1",
      seq: 2,
      at: "2026-11-22T10:00:01Z",
      message: "m1",
      intent: { label: "order_status", score: 0.6 },
      sentiment: { label: "neutral", score: 0.7 },
    });
    await screen.findByRole("option", { name: "invoice" });
    await userEvent.selectOptions(screen.getByTestId("intent"), "invoice");
    expect((await screen.findByRole("alert")).textContent).toContain("still being analysed");
    expect(posted).toEqual([["/api/conversations/c1/correct_intent/", { message: "m1", intent: "invoice" }]]);
    expect((screen.getByTestId("intent") as HTMLSelectElement).value).toBe("order_status");
  });
});

describe("a suggested reply", () => {
  const ask = async () => {
    await openPane({ controller: "agent", holder: ADA });
    await userEvent.click(screen.getByTestId("suggest"));
    await answer("suggest.request", {});
    return screen.getByTestId("composer") as HTMLTextAreaElement;
  };
  const grows = (text: string) => says({ type: "suggestion.delta", conversation: "c1", text });
  const ends = (fields: object) => says({ type: "suggestion.done", conversation: "c1", ...fields });

  it("grows as ghost text, and Tab makes it the draft without sending it", async () => {
    const field = await ask();
    await grows("It is on");
    await grows(" its way.");
    expect(field.placeholder).toBe("It is on its way.");
    expect(field.value).toBe("");
    await ends({ text: "It is on its way." });
    await userEvent.type(field, "{Tab}");
    expect(field.value).toBe("It is on its way.");
    expect(document.activeElement).toBe(field);
    expect(FakeWebSocket.last.sent.filter((frame) => frame.type === "message.send")).toEqual([]);
  });

  it("is dropped with Escape, and what still comes of it is not shown", async () => {
    const field = await ask();
    await grows("It is on");
    await userEvent.type(field, "{Escape}");
    await grows(" its way.");
    expect(field.placeholder).toBe("Write a reply");
  });

  it("says why there is none", async () => {
    await ask();
    await ends({ text: "", reason: "needs_a_person" });
    expect(screen.getByTestId("suggestion").textContent).toContain("it needs you");
  });

  it("gives way to what is being written", async () => {
    const field = await ask();
    await userEvent.type(field, "Hi");
    await ends({ text: "It is on its way." });
    await userEvent.type(field, "{Tab}");
    expect(field.value).toBe("Hi");
  });

  it("says that the line was lost while it waited", async () => {
    await ask();
    await says(welcome("another"));
    expect(screen.getByTestId("suggestion").textContent).toContain("connection was lost");
  });
});
