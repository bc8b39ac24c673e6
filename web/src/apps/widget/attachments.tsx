import { Paperclip } from "lucide-react";
import { fileKind, safeUrl, sizeWords } from "@/features/conversation/files";
import type { Attachment } from "@/wire/wire.gen";

type FilesProps = { attachments: readonly Attachment[]; isOwn: boolean };

/** The files of a message; pictures are shown, the rest is kept. */
export function Attachments({ attachments, isOwn }: FilesProps) {
  return (
    <ul
      aria-label="Attachments"
      data-testid="attachments"
      className={`mt-1 flex max-w-[84%] flex-wrap gap-1.5 ${isOwn ? "justify-end" : ""}`}
    >
      {attachments.map((file) => (
        <li key={file.id} className="max-w-full min-w-0">
          <OneFile file={file} />
        </li>
      ))}
    </ul>
  );
}

function OneFile({ file: { name, media_type, size, url } }: { file: Attachment }) {
  const address = safeUrl(url);
  if (address === null) return <span className="text-13 text-ink-3">{name}</span>;
  const isPicture = fileKind(media_type) === "picture";
  return (
    <a
      href={address}
      target="_blank"
      rel="noopener noreferrer"
      {...(isPicture ? { "aria-label": `Open ${name}` } : { download: name })}
      className="block rounded-2"
    >
      {isPicture ? (
        <img
          src={address}
          alt={name}
          decoding="async"
          className="max-h-44 min-h-12 min-w-12 rounded-2 border border-line bg-sunk object-cover"
        />
      ) : (
        <span className="flex items-center gap-2 rounded-2 border border-line px-3 py-2 text-13 transition-colors hover:bg-sub">
          <Paperclip aria-hidden size={14} strokeWidth={1.75} className="shrink-0 text-ink-3" />
          <span className="truncate">{name}</span>
          <span className="shrink-0 text-12 text-ink-3">{sizeWords(size)}</span>
        </span>
      )}
    </a>
  );
}
