import { useEffect, useState } from "react";
import { type ConversationState, runningReply } from "@/shared/session/state";
import { useConversation, useOutbox } from "./use-widget";

/** An answer that has not begun by then is not announced any longer. */
const PATIENCE_MS = 60_000;

/** Dots where the next message will stand: an answer is being prepared, or a person types. */
export function Thinking() {
  const asked = useConversation(unanswered, null);
  const typist = useConversation(
    (conversation) => Object.values(conversation.typing).find((who) => who.kind === "agent")?.name ?? null,
    null,
  );
  const isSending = useOutbox().some((message) => message.state !== "failed");
  const [patientWith, setPatientWith] = useState<string | null>(null);
  useEffect(() => {
    setPatientWith(asked);
    if (asked === null) return;
    const timer = setTimeout(() => setPatientWith(null), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [asked]);
  if (typist !== null) return <Placeholder label={`${typist} is typing`} tint="bg-brand-soft" />;
  if (asked === null || patientWith !== asked || isSending) return null;
  return <Placeholder label="The assistant is preparing an answer" tint="bg-bot-soft" />;
}

/** The id of the customer's last message, when the assistant owes an answer to it. */
function unanswered(conversation: ConversationState): string | null {
  if (conversation.controller !== "bot" || conversation.status === "closed") return null;
  if (runningReply(conversation)) return null;
  const last = conversation.timeline.findLast((item) => item.kind === "message");
  const message = last && conversation.messages[last.id];
  return message?.sender.kind === "customer" ? message.id : null;
}

function Placeholder({ label, tint }: { label: string; tint: string }) {
  return (
    <p
      data-testid="thinking"
      className={`mb-2 self-start rounded-3 rounded-bl-[4px] px-[13px] py-[9px] animate-rise ${tint}`}
    >
      <Dots label={label} />
    </p>
  );
}

export function Dots({ label }: { label: string }) {
  return (
    <span role="status" aria-label={label} className="flex h-[22px] items-center gap-1">
      {[0, 160, 320].map((delay) => (
        <span
          key={delay}
          aria-hidden
          className="size-1.5 animate-dot rounded-full bg-ink-3"
          style={{ animationDelay: `${delay}ms` }}
        />
      ))}
    </span>
  );
}
