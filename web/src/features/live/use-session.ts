import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { OutgoingMessage } from "@/shared/outbox";
import type { ConversationState, SessionState } from "@/shared/session/state";
import { useConsole } from "./console-session";

/** Read the session; the component renders again only when what `select` gives has changed. */
export function useLive<Value>(select: (state: SessionState) => Value): Value {
  return useStore(useConsole().client.store.view, select);
}

/** Read a conversation that is open here; `fallback` while it is not held. */
export function useConversation<Value>(
  id: string,
  select: (conversation: ConversationState) => Value,
  fallback: Value,
): Value {
  return useLive((state) => {
    const held = state.conversations[id];
    return held === undefined ? fallback : select(held);
  });
}

/** What this console has written and the log does not show yet. */
export function useOutgoing(kind: "replies" | "notes", conversation: string): readonly OutgoingMessage[] {
  const box = useConsole()[kind];
  return useStore(
    box.messages,
    useShallow((messages) => messages.filter((message) => message.conversation === conversation)),
  );
}

export type Watching = "loading" | "held" | "missing";

/** Follow a conversation for as long as the component shows it. */
export function useWatching(id: string): Watching {
  const { client } = useConsole();
  const link = useLive((state) => state.link);
  const held = useLive((state) => state.conversations[id] !== undefined);
  const [missing, setMissing] = useState<string | null>(null);

  useEffect(() => {
    if (link !== "open") return;
    // After a reconnect the hello has asked for what is held.
    if (client.store.current().conversations[id] !== undefined) return;
    let left = false;
    const settled = () => {
      if (!left && client.store.current().conversations[id] === undefined) setMissing(id);
    };
    client.watch(id).then(settled, () => {
      if (client.store.current().link === "open") settled();
    });
    return () => {
      left = true;
    };
  }, [client, id, link]);

  useEffect(
    () => () => {
      setMissing(null);
      client.unwatch(id).catch(() => undefined);
    },
    [client, id],
  );

  if (held) return "held";
  return missing === id ? "missing" : "loading";
}
