import { useConsole } from "../live/console-session";
import { useLive } from "../live/use-session";
import { complain } from "../ui/notices";
import { MARKED_AT_ONCE, unreadOf } from "./notifications";

/** How many are unread. */
export function useUnread(): number {
  return useLive((state) => unreadOf(state.notifications).length);
}

/** Mark notifications as read on the server, which tells all tabs of this member, this one too. */
export function useMarkRead(): (ids: readonly string[]) => void {
  const { client } = useConsole();
  return (ids) => {
    if (ids.length === 0) return;
    client
      .request({ type: "notification.read", ids: ids.slice(0, MARKED_AT_ONCE) })
      .catch(() => complain("This could not be marked as read. Check the connection and try again."));
  };
}
