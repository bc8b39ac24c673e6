import { ChevronLeft, ChevronRight, Download, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { Attachment } from "@/wire/wire.gen";

type LightboxProps = {
  pictures: readonly Attachment[];
  /** The id of the one that is shown. */
  at: string;
  onAt: (id: string) => void;
  onClose: () => void;
};

const TOOL =
  "grid size-9 shrink-0 place-items-center rounded-full bg-black/50 text-white transition-colors hover:bg-black/80";

/** A picture as large as the window lets it be; arrows walk through those of the message, Esc closes. */
export function Lightbox({ pictures, at, onAt, onClose }: LightboxProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    return () => element?.close();
  }, []);

  const index = pictures.findIndex(({ id }) => id === at);
  const picture = pictures[index];
  if (picture === undefined) return null;

  function step(by: 1 | -1): void {
    const next = pictures[(index + by + pictures.length) % pictures.length];
    if (next !== undefined) onAt(next.id);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else return;
    event.preventDefault();
  }

  return (
    <dialog
      ref={dialog}
      aria-label={picture.name}
      data-testid="lightbox"
      onCancel={onClose}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      className="m-0 size-full max-h-none max-w-none bg-transparent backdrop:bg-black/80 open:flex open:flex-col"
    >
      <header className="flex items-center gap-2 p-3 text-13 text-white">
        <p className="min-w-0 flex-1 truncate">
          {picture.name}
          {pictures.length > 1 && ` · ${index + 1} of ${pictures.length}`}
        </p>
        <a
          href={picture.url}
          download={picture.name}
          target="_blank"
          rel="noopener noreferrer"
          aria-label={`Download ${picture.name}`}
          className={TOOL}
        >
          <Download aria-hidden size={18} />
        </a>
        <button type="button" aria-label="Close the picture" className={TOOL} onClick={onClose}>
          <X aria-hidden size={18} />
        </button>
      </header>
      <div className="pointer-events-none flex min-h-0 flex-1 items-center justify-center gap-2 px-2 pb-4">
        {pictures.length > 1 && (
          <button
            type="button"
            aria-label="Previous picture"
            className={`pointer-events-auto ${TOOL}`}
            onClick={() => step(-1)}
          >
            <ChevronLeft aria-hidden size={20} />
          </button>
        )}
        <div className="flex h-full min-w-0 flex-1 items-center justify-center">
          <img
            src={picture.url}
            alt={picture.name}
            referrerPolicy="no-referrer"
            className="pointer-events-auto max-h-full max-w-full rounded-1 object-contain"
          />
        </div>
        {pictures.length > 1 && (
          <button
            type="button"
            aria-label="Next picture"
            className={`pointer-events-auto ${TOOL}`}
            onClick={() => step(1)}
          >
            <ChevronRight aria-hidden size={20} />
          </button>
        )}
      </div>
    </dialog>
  );
}
