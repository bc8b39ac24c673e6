import { Paperclip } from "lucide-react";
import type { Attachment } from "@/wire/wire.gen";

/** The files of a message; pictures are shown. */
export function Attachments({ attachments }: { attachments: readonly Attachment[] }) {
  return (
    <ul aria-label="Attachments" className="mt-1 flex max-w-[84%] flex-wrap gap-1.5">
      {attachments.map(({ id, name, media_type, url }) => (
        <li key={id}>
          <a href={url} target="_blank" rel="noopener noreferrer">
            {media_type.startsWith("image/") ? (
              <img src={url} alt={name} className="max-h-44 rounded-2 border border-line" />
            ) : (
              <span className="flex items-center gap-1.5 rounded-2 border border-line px-2.5 py-1.5 text-13">
                <Paperclip aria-hidden size={13} strokeWidth={1.75} />
                {name}
              </span>
            )}
          </a>
        </li>
      ))}
    </ul>
  );
}
