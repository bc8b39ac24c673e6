import { Check, CheckCheck } from "lucide-react";
import { useConversation } from "./use-widget";

/** How far a message of the visitor came: with the server, delivered, or read. */
export function Ticks({ seq }: { seq: number | null }) {
  const stage = useConversation((conversation) => {
    if (seq === null) return "sent";
    const others = Object.values(conversation.receipts).filter((receipt) => receipt.kind !== "customer");
    if (others.some((receipt) => receipt.read >= seq)) return "read";
    return others.some((receipt) => receipt.delivered >= seq) ? "delivered" : "sent";
  }, "sent");
  const Icon = stage === "sent" ? Check : CheckCheck;
  return (
    <span data-testid="ticks" data-stage={stage} className="flex items-center gap-1">
      <Icon aria-hidden size={13} strokeWidth={1.75} />
      <span className={stage === "read" ? "" : "sr-only"}>{stage}</span>
    </span>
  );
}
