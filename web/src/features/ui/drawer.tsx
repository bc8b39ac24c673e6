import { type ReactNode, useEffect, useRef } from "react";

/** A modal panel from the left, for narrow screens; Esc and a click beside it close it. */
export function Drawer({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
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
      className="m-0 h-dvh max-h-none w-64 max-w-[85vw] bg-sub text-13 text-ink shadow-float backdrop:bg-black/40"
    >
      {children}
    </dialog>
  );
}
