import { useShallow } from "zustand/shallow";
import { useConsole } from "../live/console-session";
import { useLive } from "../live/use-session";
import { type ControlView, controlView, IDLE } from "./control";
import { useControlStore } from "./control-store";

const NOT_HELD = { controller: "bot" as const, holder: null, epoch: 0, closed: false };

/** Who is in control of an open conversation, and the reason of the last refusal. */
export function useControl(conversation: string): ControlView & { refusal: string | null } {
  const { me } = useConsole();
  const confirmed = useLive(
    useShallow((state) => {
      const held = state.conversations[conversation];
      if (held === undefined) return NOT_HELD;
      const { controller, holder, epoch, status } = held;
      return { controller, holder, epoch, closed: status === "closed" };
    }),
  );
  const state = useControlStore(({ byConversation }) => byConversation[conversation] ?? IDLE);
  return { ...controlView(confirmed, state, me.id), refusal: state.refusal };
}
