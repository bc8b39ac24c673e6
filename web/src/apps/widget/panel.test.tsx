import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeRequest } from "@/testing/fake-request";
import { FakeWebSocket } from "@/testing/fake-web-socket";
import { answered, CONVERSATION, control, created, delta, message, snapshot } from "@/testing/frames";
import { type WidgetRig, widgetRig } from "@/testing/widget-rig";
import type { LiveSnapshot, ServerFrame } from "@/wire/wire.gen";
import { Panel } from "./panel";

const ada = { id: "a1", name: "Ada Lind" };
const started: ServerFrame = { type: "reply.started", conversation: CONVERSATION, message: "r1", epoch: 0 };

const photo = new File(["picture"], "shoe.png", { type: "image/png" });
const uploaded = {
  id: "f1",
  name: "shoe.png",
  media_type: "image/png",
  size: 7,
  url: "/api/attachments/f1/file/?sig=s",
};

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** The open panel of a visitor who has asked one thing. */
function show(held: Partial<LiveSnapshot> = {}): WidgetRig & { say: (...frames: ServerFrame[]) => void } {
  localStorage.setItem("assistify:wk_demo:guest", '{"token":"t","conversation":"c1","read":0}');
  const rig = widgetRig();
  render(<Panel model={rig.model} />);
  act(() => {
    rig.init();
    rig.connect(snapshot({ seq: 1, messages: [message(1, "customer", "where is my order?")], ...held }));
  });
  return { ...rig, say: (...frames) => act(() => rig.say(...frames)) };
}

function last(sender: string): HTMLElement {
  const found = screen.getAllByTestId("message").filter((element) => element.dataset.sender === sender);
  const element = found.at(-1);
  if (!element) throw new Error(`no message of ${sender}`);
  return element;
}

describe("the panel", () => {
  it("greets a new visitor, and sends a suggested question", async () => {
    const rig = widgetRig();
    render(<Panel model={rig.model} />);
    act(() => {
      rig.init();
      rig.connect();
    });
    expect(screen.getByText("How can we help?")).toBeTruthy();
    const question = screen.getAllByTestId("suggestion")[0] as HTMLElement;
    await userEvent.click(question);
    expect(last("customer").textContent).toContain(question.textContent);
    await waitFor(() => expect(FakeWebSocket.last.command("conversation.open")).toBeTruthy());
  });

  it("shows an answer as it is written, with Stop in the place of Send", async () => {
    const rig = show();
    expect(screen.getByTestId("thinking")).toBeTruthy();
    rig.say(started, delta("r1", 0, 0, "It is "), delta("r1", 0, 6, "on its"));
    expect(within(last("bot")).getByTestId("message-text").textContent).toBe("It is on its");
    expect(last("bot").dataset.state).toBe("live");
    expect(screen.queryByTestId("send")).toBeNull();
    await userEvent.click(screen.getByTestId("stop"));
    await waitFor(() =>
      expect(FakeWebSocket.last.command("reply.stop")).toMatchObject({
        conversation: CONVERSATION,
        message: "r1",
      }),
    );
    rig.say(answered(2, "r1", "It is on its way."));
    expect(last("bot").dataset.state).toBe("done");
    expect(screen.getByTestId("send")).toBeTruthy();
  });

  it("keeps the cut answer after a takeover, says who has joined, and shows it in the head", () => {
    const rig = show();
    rig.say(started, delta("r1", 0, 0, "It is on its w"));
    rig.say(
      control(2, 1, "agent", { user: ada, cut: { message: "r1", text: "It is on" } }),
      delta("r1", 0, 14, "ay"),
    );
    expect(within(last("bot")).getByTestId("message-text").textContent).toBe("It is on");
    expect(last("bot").dataset.state).toBe("cut");
    expect(last("bot").textContent).toContain("stopped here");
    expect(screen.getByTestId("system-line").textContent).toBe("Ada Lind has joined");
    expect(screen.getByTestId("who-answers").textContent).toBe("Ada Lind is with you");
    rig.say(created(3, message(3, "agent", "Hi, Ada here", { sender: { kind: "agent", name: "Ada Lind" } })));
    expect(last("agent").textContent).toContain("Hi, Ada here");
  });

  it("shows an ended answer where the log has it: behind the line that was logged before it", () => {
    const rig = show();
    rig.say(started, delta("r1", 0, 0, "It is on"));
    rig.say(created(2, message(2, "system", "This is an automatic assistant.")));
    rig.say(answered(3, "r1", "It is on its way."));
    const senders = screen.getAllByTestId("message").map(({ dataset }) => dataset.sender);
    expect(senders).toEqual(["customer", "system", "bot"]);
  });

  it("offers to ask again when an answer failed", async () => {
    const rig = show();
    rig.say(started, {
      type: "reply.failed",
      conversation: CONVERSATION,
      seq: 2,
      at: "2026-11-22T10:00:00Z",
      message: "r1",
      reason: "engine",
    });
    await userEvent.click(screen.getByText("Ask again"));
    await waitFor(() => expect(FakeWebSocket.last.command("message.send").text).toBe("where is my order?"));
  });

  it("sends with Enter, breaks lines with Shift and Enter, and sends nothing that is blank", async () => {
    show();
    const field = screen.getByTestId<HTMLTextAreaElement>("composer");
    await userEvent.type(field, "   {Enter}");
    expect(FakeWebSocket.last.sent.some((frame) => frame.type === "message.send")).toBe(false);
    await userEvent.clear(field);
    await userEvent.type(field, "one{Shift>}{Enter}{/Shift}two{Enter}");
    await waitFor(() => expect(FakeWebSocket.last.command("message.send").text).toBe("one\ntwo"));
    expect(field.value).toBe("");
  });

  it("uploads what is chosen and sends it without a word", async () => {
    vi.stubGlobal("XMLHttpRequest", FakeRequest);
    show();
    await userEvent.upload(screen.getByTestId("files"), photo);
    await waitFor(() =>
      expect(FakeRequest.last?.path).toContain("/api/attachments/visitor/?conversation=c1"),
    );
    expect(FakeRequest.last.headers.Authorization).toBe("Bearer visitor-token");
    expect(screen.getByTestId<HTMLButtonElement>("send").disabled).toBe(true);
    act(() => FakeRequest.last.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 2 }));
    expect(screen.getByTestId("uploads").textContent).toContain("50 %");
    await act(async () => FakeRequest.last.answers(201, uploaded));
    await waitFor(() => expect(screen.getByTestId<HTMLButtonElement>("send").disabled).toBe(false));
    await userEvent.click(screen.getByTestId("send"));
    expect(screen.queryByTestId("uploads")).toBeNull();
    await waitFor(() => expect(FakeWebSocket.last.command("message.send").attachments).toEqual(["f1"]));
    expect(within(last("customer")).getByRole("img", { name: "shoe.png" })).toBeTruthy();
  });

  it("takes pictures that are dropped or pasted, and none that run", async () => {
    vi.stubGlobal("XMLHttpRequest", FakeRequest);
    show();
    const files = [photo];
    fireEvent.drop(screen.getByTestId("panel"), { dataTransfer: { types: ["Files"], files } });
    fireEvent.paste(screen.getByTestId("composer"), { clipboardData: { files } });
    const drawing = new File(["<svg/>"], "evil.svg", { type: "image/svg+xml" });
    fireEvent.drop(screen.getByTestId("panel"), { dataTransfer: { types: ["Files"], files: [drawing] } });
    expect(screen.getAllByRole("button", { name: "Remove shoe.png" })).toHaveLength(2);
    expect(screen.getByRole("alert").textContent).toContain("evil.svg is no picture");
  });

  it("says why a file was not taken, tries it again, and takes it away in the middle", async () => {
    vi.stubGlobal("XMLHttpRequest", FakeRequest);
    show();
    await userEvent.upload(screen.getByTestId("files"), photo);
    await waitFor(() => expect(FakeRequest.last?.path).toBeTruthy());
    await act(async () =>
      FakeRequest.last.answers(422, { detail: "only pictures and PDF files can be sent" }),
    );
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Only pictures and PDF"));
    const refused = FakeRequest.last;
    await userEvent.click(screen.getByRole("button", { name: "Upload shoe.png again" }));
    await waitFor(() => expect(FakeRequest.last).not.toBe(refused));
    const aborted = vi.spyOn(FakeRequest.last, "abort");
    await userEvent.click(screen.getByRole("button", { name: "Remove shoe.png" }));
    expect(aborted).toHaveBeenCalledOnce();
    expect(screen.queryByTestId("uploads")).toBeNull();
  });

  it("does not send the Enter that ends a composition", () => {
    show();
    const field = screen.getByTestId("composer");
    fireEvent.input(field, { target: { value: "にほん" } });
    fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    expect(FakeWebSocket.last.sent.some((frame) => frame.type === "message.send")).toBe(false);
  });

  it("shows a refused message with the reason and another try", async () => {
    show();
    await userEvent.type(screen.getByTestId("composer"), "hello{Enter}");
    await waitFor(() => FakeWebSocket.last.command("message.send"));
    const { id } = FakeWebSocket.last.command("message.send");
    act(() => FakeWebSocket.last.serverSays({ type: "error", id, code: "too_large", message: "Too long." }));
    await waitFor(() => expect(last("customer").dataset.state).toBe("failed"));
    expect(last("customer").textContent).toContain("Too long.");
    await userEvent.click(within(last("customer")).getByText("Retry"));
    await waitFor(() => expect(FakeWebSocket.last.command("message.send").id).not.toBe(id));
  });

  it("always has the way to a person, and says when one was asked", async () => {
    const rig = show();
    await userEvent.click(screen.getByTestId("talk-to-person"));
    await waitFor(() =>
      expect(FakeWebSocket.last.command("handoff.request").conversation).toBe(CONVERSATION),
    );
    rig.say(control(2, 1, "queue"));
    expect(screen.getByTestId<HTMLButtonElement>("talk-to-person").disabled).toBe(true);
    expect(screen.getByTestId("who-answers").textContent).toBe("A person will be with you soon");
  });

  it("says what did not work, with another try", async () => {
    show();
    await userEvent.click(screen.getByTestId("talk-to-person"));
    await waitFor(() => FakeWebSocket.last.command("handoff.request"));
    const { id } = FakeWebSocket.last.command("handoff.request");
    act(() => FakeWebSocket.last.serverSays({ type: "error", id, code: "unavailable", message: "later" }));
    await userEvent.click(within(await screen.findByRole("alert")).getByText("Retry"));
    await waitFor(() => expect(FakeWebSocket.last.command("handoff.request").id).not.toBe(id));
  });

  it("shows sources, the order and products under an answer, and leaves for them in the shop's page", async () => {
    const rig = show();
    const products = [
      {
        id: "p1",
        title: "Ridge Fleece Mid",
        price: 7400,
        currency: "EUR",
        reason: "often bought together",
        recommendation: "x",
        url: "/products/flc-ridge",
      },
    ];
    const order = { number: "#1042", state: "shipped", carrier: "UPS", tracking: "1Z999AA10123456784" };
    const sources = [
      { title: "Delivery times", url: "/help/delivery" },
      { title: "#1042", order },
    ];
    rig.say(created(2, message(2, "bot", "It is on its way.", { products, sources })));
    expect(screen.getByTestId("order-card").textContent).toContain("1Z999AA10123456784");
    expect(within(screen.getByLabelText("Sources")).getAllByRole("link")).toHaveLength(1);
    const card = screen.getByTestId("product-card");
    expect(card.textContent).toContain("74.00");
    const link = within(card).getByRole("link");
    expect(link.getAttribute("href")).toBe("/products/flc-ridge");
    const beacon = vi.fn(() => true);
    Object.defineProperty(navigator, "sendBeacon", { value: beacon, configurable: true });
    link.addEventListener("click", (event) => event.preventDefault()); // nothing to navigate to here
    await userEvent.click(link);
    expect(beacon).toHaveBeenCalledWith("/api/recommendations/x/click/");
  });

  it("shows how far the visitor's message came", () => {
    const rig = show();
    expect(screen.getByTestId("ticks").dataset.stage).toBe("sent");
    const participant = { kind: "agent" as const, id: "a1" };
    const at = "2026-11-22T10:00:00Z";
    rig.say({ type: "receipt", conversation: CONVERSATION, seq: 2, at, participant, read: 1 });
    expect(screen.getByTestId("ticks").dataset.stage).toBe("read");
  });

  it("takes feedback back when it could not be given", async () => {
    const rig = show();
    rig.say(answered(2, "r1", "It is on its way."));
    await userEvent.click(screen.getByLabelText("This helped"));
    expect(screen.getByLabelText("This helped").getAttribute("aria-pressed")).toBe("true");
    await waitFor(() => expect(FakeWebSocket.last.command("reply.feedback").value).toBe("up"));
    const { id } = FakeWebSocket.last.command("reply.feedback");
    act(() => FakeWebSocket.last.serverSays({ type: "error", id, code: "unavailable", message: "later" }));
    await waitFor(() =>
      expect(screen.getByLabelText("This helped").getAttribute("aria-pressed")).toBe("false"),
    );
  });

  it("closes with Escape, unless the menu is open", async () => {
    const rig = show();
    await userEvent.click(screen.getByLabelText("Menu"));
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(rig.posted.some((posted) => posted.type === "close")).toBe(false);
    await userEvent.keyboard("{Escape}");
    expect(rig.posted.at(-1)).toEqual({ type: "close" });
  });

  it("reads whole answers out, not pieces of them", () => {
    const rig = show();
    const spoken = () => document.querySelector("[aria-live=polite]")?.textContent;
    rig.say(started, delta("r1", 0, 0, "It is "));
    expect(spoken()).toBe("");
    rig.say(answered(2, "r1", "It is on its way."));
    expect(spoken()).toBe("Assistant: It is on its way.");
  });

  it.each([
    [4502, "takes no messages from you"],
    [4503, "newer version"],
  ])("says why when the server has ended the session for good: %i", (code, words) => {
    show();
    act(() => FakeWebSocket.last.serverCloses(code));
    expect(screen.getByRole("alert").textContent).toContain(words);
  });
});
