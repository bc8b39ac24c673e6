import { Flag, Frown, Smile, Sparkle } from "lucide-react";
import { memo } from "react";
import { Link } from "react-router";
import { fullTime } from "../format/time";
import { plainWords } from "../format/words";
import { useConsole } from "../live/console-session";
import { Avatar } from "../ui/avatar";
import { Chip } from "../ui/chip";
import { useNow } from "../ui/now";
import { ChannelGlyph } from "./channel-glyph";
import { useAnswering, useRunningText } from "./inbox";
import type { Summary } from "./summary";
import { secondsSince, shortAge, type WaitingTone, waitingTone, waitingWords } from "./waiting";

type RowProps = {
  summary: Summary;
  to: string;
  open: boolean;
  marked: boolean;
  onFocus: (id: string) => void;
};

/** One conversation of the list. */
export const ConversationRow = memo(function ConversationRow({
  summary,
  to,
  open,
  marked,
  onFocus,
}: RowProps) {
  return (
    <li>
      <Link
        to={to}
        data-testid="conversation-row"
        data-conversation={summary.id}
        aria-current={open ? "true" : undefined}
        onFocus={() => onFocus(summary.id)}
        className={`grid grid-cols-[28px_1fr_auto] gap-x-2.5 gap-y-0.5 border-line border-b px-3.5 py-2.5 -outline-offset-2 transition-colors ${open ? "bg-brand-soft" : "hover:bg-sub"} ${marked && !open ? "bg-sub" : ""}`}
      >
        <span className="row-span-2 pt-0.5">
          <Avatar
            size="large"
            name={summary.customer.name}
            badge={<ChannelBadge channel={summary.channel} />}
          />
        </span>
        <Name summary={summary} />
        <Age summary={summary} />
        <LastLine summary={summary} />
        <Marks summary={summary} read={open} />
      </Link>
    </li>
  );
});

function ChannelBadge({ channel }: { channel: string }) {
  return (
    <span className="absolute -right-1 -bottom-1 grid size-4 place-items-center rounded-full bg-bg text-ink-2 ring-1 ring-line">
      <ChannelGlyph channel={channel} size={9} />
    </span>
  );
}

function Name({ summary }: { summary: Summary }) {
  const answering = useAnswering(summary);
  const strong = summary.unread > 0 ? "font-semibold" : "font-medium";
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <span className={`truncate ${strong}`}>{summary.customer.name}</span>
      {answering && (
        <Chip tone="bot">
          <Sparkle aria-hidden size={11} />
          answering
        </Chip>
      )}
    </span>
  );
}

const AGE_LOOK: Record<WaitingTone, string> = {
  calm: "text-ink-3",
  amber: "font-medium text-warn",
  red: "font-semibold text-bad",
};

function Age({ summary }: { summary: Summary }) {
  const now = useNow();
  const since = summary.waitingSince ?? summary.lastMessage?.at ?? summary.updatedAt;
  if (since === null || since === "") return <span />;
  return (
    <time
      dateTime={since}
      title={[waitingWords(summary.waitingSince, now), fullTime(since)].filter(Boolean).join(", since ")}
      className={`justify-self-end text-12 leading-5 ${AGE_LOOK[waitingTone(summary.waitingSince, now)]}`}
    >
      {shortAge(secondsSince(since, now))}
      <span className="sr-only"> {waitingWords(summary.waitingSince, now)}</span>
    </time>
  );
}

/** Who said it, unless it was the customer. */
function speaker(summary: Summary, me: string): string {
  if (summary.lastMessage?.sender !== "agent") return "";
  if (summary.lastMessage.senderId === me) return "You: ";
  return summary.lastMessage.senderName === null ? "Agent: " : `${summary.lastMessage.senderName}: `;
}

function LastLine({ summary }: { summary: Summary }) {
  const { me } = useConsole();
  const running = useRunningText(summary.id);
  return (
    <span className={`truncate ${summary.unread > 0 ? "text-ink" : "text-ink-2"}`}>
      {running ?? speaker(summary, me.id) + (summary.lastMessage?.text ?? "No message yet")}
    </span>
  );
}

function Marks({ summary, read }: { summary: Summary; read: boolean }) {
  const { me } = useConsole();
  const unread = read ? 0 : summary.unread;
  return (
    <span className="flex items-center justify-end gap-1.5">
      {(summary.priority === "urgent" || summary.priority === "high") && (
        <Flag role="img" aria-label={`${summary.priority} priority`} size={12} className="text-bad" />
      )}
      <MoodMark sentiment={summary.sentiment} />
      {summary.holder !== null && summary.holder.id !== me.id && (
        <Avatar
          kind="other"
          name={summary.holder.name}
          title={`${summary.holder.name} is in control`}
          size="small"
        />
      )}
      {unread > 0 && (
        <span className="h-4 min-w-4 rounded-full bg-brand px-1.5 text-center text-[11px] leading-4 font-semibold text-brand-ink">
          {unread > 99 ? "99+" : unread}
          <span className="sr-only"> unread</span>
        </span>
      )}
    </span>
  );
}

function MoodMark({ sentiment }: { sentiment: string | null }) {
  if (sentiment === "negative") {
    return (
      <Chip tone="bad" title="Mood: negative">
        <Frown aria-hidden size={11} />
        upset
      </Chip>
    );
  }
  if (sentiment === "positive") {
    return (
      <span title="Mood: positive" className="text-ok">
        <Smile role="img" aria-label="Mood: positive" size={14} />
      </span>
    );
  }
  if (sentiment === null) return null;
  return (
    <span
      role="img"
      aria-label={`Mood: ${plainWords(sentiment)}`}
      title={`Mood: ${plainWords(sentiment)}`}
      className="size-1.5 rounded-full bg-line-strong"
    />
  );
}
