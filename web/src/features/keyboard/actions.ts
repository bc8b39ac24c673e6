/** Actions find whoever is there to carry them out, whether a key or the palette asked. */

import { useEffect, useEffectEvent } from "react";
import type { Action } from "./keymap";

/** Carries out an action, or gives false when it is not its own. */
type Handler = (action: Action) => boolean;

const handlers = new Set<Handler>();

/** Ask for an action; false when nobody on the page carries it out. */
export function dispatchAction(action: Action): boolean {
  return [...handlers].some((handle) => handle(action));
}

/** Carry out actions for as long as the component is there. */
export function useActions(handle: Handler): void {
  const current = useEffectEvent(handle);
  useEffect(() => {
    const handler: Handler = (action) => current(action);
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
    };
  }, []);
}
