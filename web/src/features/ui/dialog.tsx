import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "./button";

type DialogProps = { title: string; bare?: boolean; onClose: () => void; children: ReactNode };

/** A modal dialog: the browser keeps the focus inside, closes on Esc and gives the focus back. */
export function Dialog({ title, bare = false, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is an extra; Esc closes by keyboard
    <dialog
      ref={dialog}
      aria-label={title}
      onCancel={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      className="m-auto mt-[12vh] w-[min(560px,calc(100vw-32px))] overflow-hidden rounded-2 border border-line bg-raised text-13 text-ink shadow-float backdrop:bg-black/30"
    >
      {bare ? (
        children
      ) : (
        <>
          <header className="flex items-center justify-between border-line border-b px-4 py-2">
            <h2 className="text-14 font-semibold">{title}</h2>
            <IconButton name="Close" onClick={onClose}>
              <X size={16} />
            </IconButton>
          </header>
          {children}
        </>
      )}
    </dialog>
  );
}
