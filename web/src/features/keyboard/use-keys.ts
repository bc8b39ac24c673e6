import { useEffect, useEffectEvent } from "react";
import { type Action, type KeyPress, resolveKey } from "./keymap";

const FIELD = "input, textarea, select, [contenteditable='true']";
const CONTROL = "button, a[href], summary, [role='option']";

function readPress(event: KeyboardEvent): KeyPress {
  const target = event.target instanceof Element ? event.target : null;
  const { key, code, altKey, ctrlKey, metaKey, repeat } = event;
  const typing = target?.closest(`${FIELD}, dialog`) !== null && target !== null;
  const onControl = target !== null && target.closest(CONTROL) !== null;
  return { key, code, altKey, ctrlKey, metaKey, repeat, typing, onControl };
}

/** Act on the console's keys for as long as the component is there. */
export function useKeys(act: (action: Action) => void): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const action = resolveKey(readPress(event));
    if (action === null) return;
    event.preventDefault();
    act(action);
  });
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
