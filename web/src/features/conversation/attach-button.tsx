import { Paperclip } from "lucide-react";
import { IconButton } from "../ui/button";
import { FileChoice } from "./file-choice";
import { attachFiles } from "./upload-store";

const TYPES =
  "image/png,image/jpeg,image/gif,image/webp,image/avif,image/heic,application/pdf,audio/*,video/*,text/plain,text/csv,.docx,.xlsx,.pptx,.odt,.ods";

/** Choose files for a reply; they may also be dropped on the field or pasted into it. */
export function AttachButton({ conversation, disabled }: { conversation: string; disabled: boolean }) {
  return (
    <FileChoice
      accept={TYPES}
      onChoose={(files) => attachFiles(conversation, files)}
      button={(open) => (
        <IconButton name="Attach files" data-testid="attach" disabled={disabled} onClick={open}>
          <Paperclip size={15} />
        </IconButton>
      )}
    />
  );
}
