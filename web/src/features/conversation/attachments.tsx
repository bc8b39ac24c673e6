import { useMutation } from "@tanstack/react-query";
import { Download, FileText, ImageOff, RotateCcw } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Attachment } from "@/wire/wire.gen";
import { may } from "../auth/rights";
import { useConsole } from "../live/console-session";
import { errorWords, rest } from "../rest/client";
import { complain } from "../ui/notices";
import { fileKind, safeUrl, sizeWords } from "./files";
import { Lightbox } from "./lightbox";

type FilesProps = { attachments: readonly Attachment[] };

/** The files of a message: pictures as thumbnails that open large, sounds and films to be played, the rest to keep. */
export function Attachments({ attachments }: FilesProps) {
  const [shown, setShown] = useState<string | null>(null);
  const pictures = attachments.filter(
    (file) => isHere(file) && fileKind(file.media_type) === "picture" && safeUrl(file.url) !== null,
  );
  return (
    <>
      <ul aria-label="Files" data-testid="attachments" className="mt-1 flex max-w-full flex-wrap gap-1.5">
        {attachments.map((file) => (
          <li key={file.id} className="max-w-full min-w-0">
            <OneFile file={file} onOpen={() => setShown(file.id)} />
          </li>
        ))}
      </ul>
      {shown !== null && (
        <Lightbox pictures={pictures} at={shown} onAt={setShown} onClose={() => setShown(null)} />
      )}
    </>
  );
}

/** Whether the server has the file, or had it before it told so. */
function isHere({ state }: Attachment): boolean {
  return state === undefined || state === "stored";
}

function OneFile({ file, onOpen }: { file: Attachment; onOpen: () => void }) {
  const url = safeUrl(file.url);
  if (file.state === "waiting") return <Absent file={file} why="Being fetched…" />;
  if (file.state === "failed") return <Failed file={file} />;
  if (file.state === "refused")
    return <Absent file={file} why={`Not kept: ${file.reason ?? "no reason given"}`} />;
  if (url === null) return <Absent file={file} why="This address cannot be opened" />;
  switch (fileKind(file.media_type)) {
    case "picture":
      return <Thumbnail file={file} url={url} onOpen={onOpen} />;
    case "audio":
      return (
        // biome-ignore lint/a11y/useMediaCaption: what a customer recorded has none
        <audio controls preload="none" src={url} aria-label={file.name} className="h-10 max-w-full" />
      );
    case "video":
      return (
        // biome-ignore lint/a11y/useMediaCaption: what a customer filmed has none
        <video
          controls
          preload="metadata"
          src={url}
          aria-label={file.name}
          className="max-h-60 max-w-full rounded-2 border border-line"
        />
      );
    case "file":
      return <Keep file={file} url={url} />;
  }
}

type ThumbnailProps = { file: Attachment; url: string; onOpen: () => void };

function Thumbnail({ file, url, onOpen }: ThumbnailProps) {
  const [attempt, setAttempt] = useState(0);
  const [broken, setBroken] = useState(false);
  if (broken) {
    return (
      <span className="flex h-30 w-40 flex-col items-center justify-center gap-1.5 rounded-2 border border-line bg-sub p-2 text-center text-12 text-ink-2">
        <ImageOff aria-hidden size={18} />
        Not here yet, or no longer
        <button
          type="button"
          className="inline-flex items-center gap-1 rounded-1 px-1 underline hover:text-ink"
          onClick={() => {
            setBroken(false);
            setAttempt(attempt + 1);
          }}
        >
          <RotateCcw aria-hidden size={11} />
          Try again
        </button>
      </span>
    );
  }
  return (
    <button
      type="button"
      aria-label={`Open ${file.name}`}
      onClick={onOpen}
      className="block overflow-hidden rounded-2 border border-line bg-sub transition-opacity hover:opacity-90"
    >
      <img
        key={attempt}
        src={url}
        alt={file.name}
        loading="lazy"
        decoding="async"
        referrerPolicy="no-referrer"
        className="h-30 max-w-60 min-w-20 object-cover"
        onError={() => setBroken(true)}
      />
    </button>
  );
}

const CARD = "flex max-w-70 items-center gap-2.5 rounded-2 border border-line bg-bg px-3 py-2";

type AbsentProps = { file: Attachment; why: string; children?: ReactNode };

/** A file that cannot be opened, and why. */
function Absent({ file, why, children }: AbsentProps) {
  return (
    <span className={CARD}>
      <NameOfFile name={file.name} note={why} />
      {children}
    </span>
  );
}

/** A file that could not be fetched: whoever may write has it tried again. */
function Failed({ file }: { file: Attachment }) {
  const { me } = useConsole();
  const fetchAgain = useMutation({
    mutationFn: () => rest(`/api/attachments/${file.id}/fetch/`, { method: "POST" }),
    onError: (error) => complain(errorWords(error)),
  });
  return (
    <Absent file={file} why={`Not fetched: ${file.reason ?? "no reason given"}`}>
      {may(me.role, "conversations.write") && (
        <button
          type="button"
          disabled={fetchAgain.isPending}
          className="inline-flex shrink-0 items-center gap-1 rounded-1 px-1 text-12 underline hover:text-ink"
          onClick={() => fetchAgain.mutate()}
        >
          <RotateCcw aria-hidden size={11} />
          Fetch again
        </button>
      )}
    </Absent>
  );
}

function NameOfFile({ name, note }: { name: string; note: string }) {
  return (
    <>
      <FileText aria-hidden size={16} className="shrink-0 text-ink-3" />
      <span className="min-w-0 text-left">
        <span className="block truncate font-medium">{name}</span>
        <span className="block text-12 text-ink-3">{note}</span>
      </span>
    </>
  );
}

/** A file to be kept; it is downloaded, never opened in this page. */
function Keep({ file, url }: { file: Attachment; url: string }) {
  return (
    <a
      href={url}
      download={file.name}
      target="_blank"
      rel="noopener noreferrer"
      className={`${CARD} transition-colors hover:bg-sub`}
    >
      <NameOfFile name={file.name} note={sizeWords(file.size) || file.media_type} />
      <Download aria-hidden size={14} className="shrink-0 text-ink-3" />
      <span className="sr-only">Download</span>
    </a>
  );
}
