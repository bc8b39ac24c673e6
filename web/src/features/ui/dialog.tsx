import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "./button";

const FIRST_FIELD = ":is(input, textarea, select):not([type=hidden], [readonly], :disabled)";

type DialogProps = {
  title: string;
  bare?: boolean;
  form?: boolean;
  onClose: () => void;
  children: ReactNode;
};

/** A modal dialog: the browser keeps the focus inside, closes on Esc and gives the focus back. A `form` is wider, and a
 * click beside it does not throw away what was typed. */
export function Dialog({ title, bare = false, form = false, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) {
      element.showModal();
      // The browser would choose the Close button, which stands first.
      element.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    }
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is an extra; Esc closes by keyboard
    <dialog
      ref={dialog}
      aria-label={title}
      onCancel={onClose}
      onClick={(event) => !form && event.target === dialog.current && onClose()}
      className={`m-auto max-h-[min(88dvh,800px)] overflow-hidden rounded-2 border border-line bg-raised text-13 text-ink shadow-float backdrop:bg-black/30 open:flex open:flex-col ${form ? "mt-[6vh] w-[min(640px,calc(100vw-24px))]" : "mt-[12vh] w-[min(560px,calc(100vw-24px))]"}`}
    >
      {bare ? (
        children
      ) : (
        <>
          <header className="flex shrink-0 items-center justify-between border-line border-b px-4 py-2">
            <h2 className="text-14 font-semibold">{title}</h2>
            <IconButton name="Close" onClick={onClose}>
              <X size={16} />
            </IconButton>
          </header>
          <div className="min-h-0 overflow-y-auto">{children}</div>
        </>
      )}
    </dialog>
  );
}
