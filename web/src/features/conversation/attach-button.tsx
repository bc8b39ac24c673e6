import { Paperclip } from "lucide-react";
import { useRef } from "react";
import { IconButton } from "../ui/button";
import { attachFiles } from "./upload-store";

const TYPES =
  "image/png,image/jpeg,image/gif,image/webp,image/avif,image/heic,application/pdf,audio/*,video/*,text/plain,text/csv,.docx,.xlsx,.pptx,.odt,.ods";

/** Choose files for a reply; they may also be dropped on the field or pasted into it. */
export function AttachButton({ conversation, disabled }: { conversation: string; disabled: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={TYPES}
        data-testid="files"
        onChange={(event) => {
          attachFiles(conversation, [...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <IconButton
        name="Attach files"
        data-testid="attach"
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        <Paperclip size={15} />
      </IconButton>
    </>
  );
}
