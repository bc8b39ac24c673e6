import { CornerUpLeft, Images, Megaphone } from "lucide-react";
import type { ReactNode } from "react";
import type { Refers } from "@/wire/wire.gen";
import { useConversation } from "../live/use-session";
import { safeUrl } from "./files";

const QUOTE_CHARS = 120;

/** What a message answers or came from: another message, a story, an advertisement. */
export function Quoted({ conversation, refers }: { conversation: string; refers: Refers }) {
  const { message, story, referral } = refers;
  return (
    <div data-testid="refers" className="mb-1 flex max-w-full flex-col gap-0.5 text-12 text-ink-2">
      {message && <QuotedMessage conversation={conversation} id={message} />}
      {story && (
        <Reference icon={<Images aria-hidden size={12} />} url={story.url}>
          in answer to a story
        </Reference>
      )}
      {referral && (
        <Reference icon={<Megaphone aria-hidden size={12} />} url={referral.url}>
          came from {referral.headline ?? "an advertisement or a link"}
        </Reference>
      )}
    </div>
  );
}

function QuotedMessage({ conversation, id }: { conversation: string; id: string }) {
  const quoted = useConversation(conversation, (held) => held.messages[id] ?? null, null);
  return <Reference icon={<CornerUpLeft aria-hidden size={12} />}>{quoteOf(quoted)}</Reference>;
}

function quoteOf(quoted: { text: string; state: string } | null): string {
  if (quoted === null) return "in answer to an earlier message";
  if (quoted.state === "redacted") return "in answer to a message that was removed";
  if (quoted.text === "") return "in answer to a file";
  const letters = [...quoted.text];
  return letters.length <= QUOTE_CHARS ? quoted.text : `${letters.slice(0, QUOTE_CHARS).join("")}…`;
}

type ReferenceProps = { icon: ReactNode; url?: string | null; children: ReactNode };

function Reference({ icon, url, children }: ReferenceProps) {
  const address = url ? safeUrl(url) : null;
  const look = "flex max-w-full items-center gap-1 border-s-2 border-line ps-2";
  return (
    <p className={look}>
      {icon}
      <span dir="auto" className="min-w-0 truncate">
        {address === null ? (
          children
        ) : (
          <a className="underline" href={address} target="_blank" rel="noreferrer noopener">
            {children}
          </a>
        )}
      </span>
    </p>
  );
}
