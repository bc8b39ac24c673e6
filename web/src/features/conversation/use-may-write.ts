import { may } from "../auth/rights";
import { useConsole } from "../live/console-session";

/** Whether who is signed in may act in conversations, or reads along. */
export function useMayWrite(): boolean {
  return may(useConsole().me.role, "conversations.write");
}
