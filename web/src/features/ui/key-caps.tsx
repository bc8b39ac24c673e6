import { keyCaps } from "../keyboard/keymap";

const IS_MAC = /Mac|iP(hone|ad|od)/.test(navigator.userAgent);

/**
 * Keys as caps; hidden from readers, which get the shortcut from `aria-keyshortcuts`. `inherit` is for buttons: in
 * their colour, and not there on screens that are touched.
 */
export function KeyCaps({ keys, inherit = false }: { keys: string; inherit?: boolean }) {
  return (
    <span aria-hidden className={`inline-flex gap-1 ${inherit ? "pointer-coarse:hidden" : ""}`}>
      {keyCaps(keys, IS_MAC).map((cap) => (
        <kbd
          key={cap}
          className={`min-w-5 rounded-1 border px-1 text-center font-sans text-12 leading-4 font-medium ${inherit ? "border-current/50" : "border-line-strong text-ink-2"}`}
        >
          {cap}
        </kbd>
      ))}
    </span>
  );
}
