import { CircleAlert, CircleCheck, RotateCcw, X } from "lucide-react";
import type { Upload } from "@/shared/uploads";
import { IconButton } from "../ui/button";
import { sizeWords } from "./files";
import { uploadsOf } from "./upload-store";

type ListProps = { conversation: string; uploads: readonly Upload[] };

/** Files on their way into a reply, each with its progress and a way out. */
export function UploadList({ conversation, uploads }: ListProps) {
  if (uploads.length === 0) return null;
  const files = uploadsOf(conversation);
  return (
    <ul aria-label="Files to send" data-testid="uploads" className="flex flex-wrap gap-1.5 px-3 pt-1.5">
      {uploads.map((upload) => (
        <li
          key={upload.key}
          className={`relative flex max-w-full items-center gap-2 overflow-hidden rounded-1 border py-1 pr-1 pl-2.5 text-12 ${upload.problem === null ? "border-line bg-sub" : "border-bad bg-bad-soft text-bad"}`}
        >
          <Fate upload={upload} />
          <span className="max-w-44 truncate font-medium" title={upload.file.name}>
            {upload.file.name}
          </span>
          <span className={upload.problem === null ? "text-ink-3" : ""}>
            {upload.problem ?? sizeWords(upload.file.size)}
          </span>
          {upload.problem !== null && (
            <IconButton
              name={`Upload ${upload.file.name} again`}
              className="size-5"
              onClick={() => files.retry(upload.key)}
            >
              <RotateCcw size={12} />
            </IconButton>
          )}
          <IconButton
            name={`Remove ${upload.file.name}`}
            className="size-5"
            onClick={() => files.remove(upload.key)}
          >
            <X size={12} />
          </IconButton>
          {upload.done === null && upload.problem === null && (
            <progress
              aria-label={`Uploading ${upload.file.name}`}
              value={upload.part}
              max={1}
              className="absolute inset-x-0 bottom-0 h-0.5 w-full appearance-none bg-line [&::-moz-progress-bar]:bg-brand [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-brand"
            />
          )}
        </li>
      ))}
    </ul>
  );
}

function Fate({ upload }: { upload: Upload }) {
  if (upload.problem !== null) return <CircleAlert aria-hidden size={13} className="shrink-0" />;
  if (upload.done === null) return null;
  return <CircleCheck role="img" aria-label="uploaded" size={13} className="shrink-0 text-ok" />;
}
