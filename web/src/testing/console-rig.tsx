import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { onTestFinished, vi } from "vitest";
import { type ConsoleSession, createSession, SessionContext } from "@/features/live/console-session";
import type { Message } from "@/wire/wire.gen";
import { FakeWebSocket } from "./fake-web-socket";
import { CONVERSATION, snapshot, welcome } from "./frames";

export const ADA = {
  id: "ada",
  name: "Ada Lind",
  role: "agent",
  email: "ada@demo.test",
  shop: "Demo",
  demo: false,
};

/** Sign Ada in on a server under the test's hand; `vi.unstubAllGlobals` is done at the test's end. */
export function signedIn(role = ADA.role): ConsoleSession {
  FakeWebSocket.all = [];
  vi.stubGlobal("WebSocket", FakeWebSocket);
  const session = createSession({ ...ADA, role });
  session.client.open();
  onTestFinished(() => {
    session.client.close();
    vi.unstubAllGlobals();
  });
  return session;
}

/** What a part of the console stands in. */
export function inConsole(session: ConsoleSession, part: ReactNode): ReactNode {
  return (
    <SessionContext value={session}>
      <QueryClientProvider client={new QueryClient()}>{part}</QueryClientProvider>
    </SessionContext>
  );
}

/** Show a part of a conversation that holds these messages. */
export function showHeld(messages: readonly Message[], part: ReactNode): void {
  const session = signedIn();
  FakeWebSocket.last.serverOpens();
  const held = snapshot({ seq: messages.length, messages: [...messages] });
  FakeWebSocket.last.serverSays({
    ...welcome(String(FakeWebSocket.last.command("hello").id)),
    conversations: [{ conversation: CONVERSATION, resumed: false, snapshot: held }],
  });
  render(inConsole(session, part));
}
