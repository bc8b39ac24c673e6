import { useCallback, useEffect, useRef } from "react";
import { useConsole } from "../live/console-session";

const PAUSE_MS = 3000;

type Typing = { typed: () => void; stopped: () => void };

/** Tell the others that somebody writes here: once when it begins, once when it pauses. */
export function useTyping(conversation: string): Typing {
  const { client } = useConsole();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const tell = useCallback(
    // Nobody waits for it: what is lost here is said again with the next key.
    (on: boolean) => client.request<"typing">({ type: "typing", conversation, on }).catch(() => undefined),
    [client, conversation],
  );

  const stopped = useCallback(() => {
    if (timer.current === null) return;
    clearTimeout(timer.current);
    timer.current = null;
    void tell(false);
  }, [tell]);

  const typed = useCallback(() => {
    if (timer.current === null) void tell(true);
    else clearTimeout(timer.current);
    timer.current = setTimeout(stopped, PAUSE_MS);
  }, [tell, stopped]);

  useEffect(() => stopped, [stopped]);
  return { typed, stopped };
}
