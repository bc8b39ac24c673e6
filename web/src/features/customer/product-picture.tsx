import { Mountain } from "lucide-react";
import { useState } from "react";

/** A product's picture, or a drawn stand-in when there is none or it cannot be loaded. */
export function ProductPicture({ url }: { url: string | null }) {
  const [broken, setBroken] = useState(false);
  return (
    <span className="grid size-10 shrink-0 place-items-center overflow-hidden rounded-2 bg-sunk text-ink-3">
      {url === null || broken ? (
        <Mountain aria-hidden size={16} />
      ) : (
        <img
          src={url}
          alt=""
          loading="lazy"
          className="size-full object-cover"
          onError={() => setBroken(true)}
        />
      )}
    </span>
  );
}
