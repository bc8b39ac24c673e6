import { Paperclip } from "lucide-react";
import { useRef } from "react";
import { CUSTOMER_TYPES } from "@/features/conversation/files";
import { useWidget } from "./use-widget";

/** Choose files for the message; they may also be dropped on the panel or pasted into the field. */
export function AttachButton({ disabled }: { disabled: boolean }) {
  const { session } = useWidget();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={CUSTOMER_TYPES}
        data-testid="files"
        onChange={(event) => {
          session.attach([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <button
        type="button"
        data-testid="attach"
        aria-label="Attach pictures or PDF files"
        title="Attach pictures or PDF files"
        disabled={disabled}
        onClick={() => input.current?.click()}
        className="my-1.5 ml-1.5 grid size-8 shrink-0 place-items-center rounded-[9px] text-ink-2 transition-colors hover:bg-sunk hover:text-ink disabled:text-ink-3"
      >
        <Paperclip aria-hidden size={16} strokeWidth={1.75} />
      </button>
    </>
  );
}
