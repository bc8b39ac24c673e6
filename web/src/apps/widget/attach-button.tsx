import { Paperclip } from "lucide-react";
import { FileChoice } from "@/features/conversation/file-choice";
import { CUSTOMER_TYPES } from "@/features/conversation/files";
import { useWidget } from "./use-widget";

/** Choose files for the message; they may also be dropped on the panel or pasted into the field. */
export function AttachButton({ disabled }: { disabled: boolean }) {
  const { session } = useWidget();
  return (
    <FileChoice
      accept={CUSTOMER_TYPES}
      onChoose={(files) => session.attach(files)}
      button={(open) => (
        <button
          type="button"
          data-testid="attach"
          aria-label="Attach pictures or PDF files"
          title="Attach pictures or PDF files"
          disabled={disabled}
          onClick={open}
          className="my-1.5 ml-1.5 grid size-8 shrink-0 place-items-center rounded-[9px] text-ink-2 transition-colors hover:bg-sunk hover:text-ink disabled:text-ink-3"
        >
          <Paperclip aria-hidden size={16} strokeWidth={1.75} />
        </button>
      )}
    />
  );
}
