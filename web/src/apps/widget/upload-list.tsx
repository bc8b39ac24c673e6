import { CircleAlert, Paperclip, RotateCcw, X } from "lucide-react";
import { sizeWords } from "@/features/conversation/files";
import type { Upload } from "@/shared/uploads";
import { useUploads, useWidget } from "./use-widget";

/** Files on their way into the message, each with its progress and a way out. */
export function UploadList() {
  const uploads = useUploads();
  if (uploads.length === 0) return null;
  return (
    <ul
      aria-label="Files to send"
      data-testid="uploads"
      className="quiet-scroll mx-3 mb-1.5 flex max-h-37 flex-col gap-1 overflow-y-auto"
    >
      {uploads.map((upload) => (
        <Row key={upload.key} upload={upload} />
      ))}
    </ul>
  );
}

const ACTION =
  "grid size-7 shrink-0 place-items-center rounded-1 text-ink-2 transition-colors hover:bg-sunk hover:text-ink";

function Row({ upload: { key, file, part, done, problem } }: { upload: Upload }) {
  const { session } = useWidget();
  const isFailed = problem !== null;
  return (
    <li
      data-state={isFailed ? "failed" : done === null ? "uploading" : "done"}
      className={`relative flex shrink-0 items-center gap-2 overflow-hidden rounded-2 border py-1 pr-1 pl-2.5 text-13 ${isFailed ? "border-bad bg-bad-soft text-bad" : "border-line bg-sub"}`}
    >
      {isFailed ? (
        <CircleAlert aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      ) : (
        <Paperclip aria-hidden size={14} strokeWidth={1.75} className="shrink-0 text-ink-3" />
      )}
      <span className="min-w-0 flex-1">
        <span className="block truncate">{file.name}</span>
        {isFailed && (
          <span role="alert" className="block text-12">
            {problem}
          </span>
        )}
      </span>
      {!isFailed && (
        <span className="shrink-0 text-12 text-ink-3">
          {done === null ? `${Math.round(part * 100)} %` : sizeWords(file.size)}
        </span>
      )}
      {isFailed && (
        <button
          type="button"
          aria-label={`Upload ${file.name} again`}
          className={ACTION}
          onClick={() => session.uploads.retry(key)}
        >
          <RotateCcw aria-hidden size={14} strokeWidth={1.75} />
        </button>
      )}
      <button
        type="button"
        aria-label={`Remove ${file.name}`}
        className={ACTION}
        onClick={() => session.uploads.remove(key)}
      >
        <X aria-hidden size={14} strokeWidth={1.75} />
      </button>
      {done === null && !isFailed && (
        <progress
          aria-label={`Uploading ${file.name}`}
          value={part}
          max={1}
          className="absolute inset-x-0 bottom-0 h-0.5 w-full appearance-none bg-line [&::-moz-progress-bar]:bg-brand [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-brand"
        />
      )}
    </li>
  );
}
