import { useEffect } from "react";
import type { ConversationState } from "@/shared/session/state";
import { useConsole } from "../live/console-session";
import { useConversation } from "../live/use-session";

const SETTLE_MS = 600;

function isLookedAt(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** Receipts are events too: only what the customer wrote is marked, or marking would never end. */
function lastCustomerSeq({ timeline, messages }: ConversationState): number {
  for (let index = timeline.length - 1; index >= 0; index -= 1) {
    const item = timeline[index];
    const message = item?.kind === "message" ? messages[item.id] : undefined;
    if (message?.sender.kind === "customer" && message.seq !== null) return message.seq;
  }
  return 0;
}

/** Mark what is shown as read once somebody has looked at it for a moment. */
export function useRead(conversation: string): void {
  const { client } = useConsole();
  const seq = useConversation(conversation, lastCustomerSeq, 0);
  useEffect(() => {
    if (seq === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const mark = () => {
      clearTimeout(timer);
      if (!isLookedAt()) return;
      timer = setTimeout(() => {
        // A read mark that is lost is made good by the next one.
        client.request<"read">({ type: "read", conversation, seq }).catch(() => undefined);
      }, SETTLE_MS);
    };
    mark();
    window.addEventListener("focus", mark);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("focus", mark);
    };
  }, [client, conversation, seq]);
}
