import { useEffect } from "react";
import { dispatchAction } from "./actions";
import { type KeyPress, resolveKey } from "./keymap";

const FIELD = "input, textarea, select, [contenteditable='true']";
const CONTROL = "button, a[href], summary, [role='option']";

function readPress(event: KeyboardEvent): KeyPress {
  const target = event.target instanceof Element ? event.target : null;
  const { key, code, altKey, ctrlKey, metaKey, repeat } = event;
  const typing = target?.closest(`${FIELD}, dialog`) !== null && target !== null;
  const onControl = target !== null && target.closest(CONTROL) !== null;
  return { key, code, altKey, ctrlKey, metaKey, repeat, typing, onControl };
}

/** Turn presses into actions for as long as the component is there. */
export function useKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const action = resolveKey(readPress(event));
      if (action !== null && dispatchAction(action)) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
