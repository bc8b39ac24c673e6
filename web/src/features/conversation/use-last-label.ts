import { useConversation } from "../live/use-session";

/** The newest label that the classifiers gave a customer's message. */
export function useLastLabel(conversation: string, field: "intent" | "sentiment"): string | null {
  return useConversation(
    conversation,
    (held) => {
      for (let index = held.timeline.length - 1; index >= 0; index -= 1) {
        const item = held.timeline[index];
        const label = item?.kind === "message" ? held.messages[item.id]?.[field] : null;
        if (label) return label.label;
      }
      return null;
    },
    null,
  );
}
