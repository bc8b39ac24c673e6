import { progress } from "@/shared/session/state";
import { useConversation } from "./use-widget";

/** Read finished answers out to those who listen; a growing text would be read in pieces. */
export function Announcer() {
  const text = useConversation((conversation) => {
    const last = conversation.timeline.findLast((item) => item.kind === "message");
    const message = last && conversation.messages[last.id];
    if (!message || message.sender.kind === "customer" || progress(message.state) === "live") return "";
    return `${message.sender.name ?? "Assistant"}: ${message.text}`;
  }, "");
  return (
    <div aria-live="polite" className="sr-only">
      {text}
    </div>
  );
}
