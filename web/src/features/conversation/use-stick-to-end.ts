import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** So close to the end counts as reading along, in px. */
const NEAR = 48;

type Stick = {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  /** The reader is further up and something new has come. */
  behind: boolean;
  toEnd: () => void;
};

/** Follow growth at the end for as long as the reader is there; tells where the reader is. */
function useFollowing(scroller: Stick["scroller"], content: Stick["content"], onEnd: () => void) {
  const atEnd = useRef(true);
  useEffect(() => {
    const view = scroller.current;
    const inner = content.current;
    if (view === null || inner === null) return;
    let lastTop = view.scrollTop;
    const onScroll = () => {
      const isNear = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR;
      // Growth alone may carry the end away before this is called; only the reader scrolls up.
      if (isNear || view.scrollTop < lastTop) atEnd.current = isNear;
      lastTop = view.scrollTop;
      if (atEnd.current) onEnd();
    };
    const observer = new ResizeObserver(() => {
      if (atEnd.current) view.scrollTop = view.scrollHeight;
    });
    observer.observe(inner);
    observer.observe(view);
    view.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      view.removeEventListener("scroll", onScroll);
    };
  }, [scroller, content, onEnd]);
  return atEnd;
}

/**
 * Keep the end in sight while the reader is there, and never move the page under somebody who reads further up.
 * `last` names the newest entry.
 */
export function useStickToEnd(conversation: string, last: string | undefined): Stick {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [behind, setBehind] = useState(false);
  const notBehind = useCallback(() => setBehind(false), []);
  const atEnd = useFollowing(scroller, content, notBehind);

  const toEnd = useCallback(() => {
    atEnd.current = true;
    setBehind(false);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [atEnd]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins at its end
  useLayoutEffect(toEnd, [conversation, toEnd]);

  useEffect(() => {
    if (last !== undefined && !atEnd.current) setBehind(true);
  }, [last, atEnd]);

  return { scroller, content, behind, toEnd };
}
