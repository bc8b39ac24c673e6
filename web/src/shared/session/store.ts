import { createStore, type StoreApi } from "zustand/vanilla";
import { reduce, type SessionInput } from "./reducer";
import { initialSession, type SessionState } from "./state";

/** Ask for a call before the next paint; hidden pages paint never, so a timer stands in for it. */
export type Schedule = (flush: () => void) => void;

const HIDDEN_PAGE_MS = 250;

export const onNextFrame: Schedule = (flush) => {
  if (document.visibilityState === "hidden") setTimeout(flush, HIDDEN_PAGE_MS);
  else requestAnimationFrame(flush);
};

export type SessionStore = {
  /** What React reads: the state at the last flush. */
  view: StoreApi<SessionState>;
  /** The state with every frame applied, flushed or not. */
  current(): SessionState;
  apply(input: SessionInput): void;
};

/**
 * Hold one session. Frames are reduced as they come; pieces of a running answer reach the readers once per
 * animation frame, everything else (and what waited before it) at once.
 */
export function createSessionStore(schedule: Schedule = onNextFrame): SessionStore {
  const view = createStore<SessionState>(() => initialSession);
  let current = initialSession;
  let scheduled = false;

  const flush = () => {
    scheduled = false;
    if (view.getState() !== current) view.setState(current, true);
  };

  return {
    view,
    current: () => current,
    apply(input) {
      const next = reduced(current, input);
      if (next === current) return;
      current = next;
      if (input.type !== "reply.delta") {
        flush();
      } else if (!scheduled) {
        scheduled = true;
        schedule(flush);
      }
    },
  };
}

/** A frame that the types do not describe must not stop the ones after it. */
function reduced(state: SessionState, input: SessionInput): SessionState {
  try {
    return reduce(state, input);
  } catch (error) {
    console.warn(`A frame of type ${input.type} could not be read.`, error);
    return state;
  }
}
