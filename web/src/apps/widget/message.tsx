import { CircleStop, RotateCcw, ThumbsDown, ThumbsUp } from "lucide-react";
import { memo } from "react";
import { clockTime, fullTime } from "@/features/format/time";
import { type MessageView, progress } from "@/shared/session/state";
import { Attachments } from "./attachments";
import { LinkedText } from "./linked-text";
import { ProductCards } from "./product-cards";
import { Sources } from "./sources";
import { Dots } from "./thinking";
import { Ticks } from "./ticks";
import { useConversation, useVisitor, useWidget } from "./use-widget";

type MessageProps = { id: string; endsGroup: boolean };

/** One message; it alone renders again when a piece of it arrives. */
export const Message = memo(function Message({ id, endsGroup }: MessageProps) {
  const message = useConversation((conversation) => conversation.messages[id] ?? null, null);
  if (!message) return null;
  if (message.sender.kind === "system") {
    return (
      <p
        data-testid="message"
        data-sender="system"
        data-state="done"
        className="my-2 text-center text-13 text-ink-2"
      >
        {message.text}
      </p>
    );
  }
  const isOwn = message.sender.kind === "customer";
  return (
    <article
      data-testid="message"
      data-message={message.id}
      data-sender={message.sender.kind}
      data-state={progress(message.state)}
      className={`group flex flex-col ${isOwn ? "items-end" : "items-start"} ${endsGroup ? "mb-2" : ""}`}
    >
      <Bubble message={message} isOwn={isOwn} />
      <Ending message={message} />
      {message.attachments.length > 0 && <Attachments attachments={message.attachments} isOwn={isOwn} />}
      {message.sources.length > 0 && <Sources sources={message.sources} />}
      {message.products.length > 0 && <ProductCards products={message.products} />}
      <Meta message={message} isOwn={isOwn} endsGroup={endsGroup} />
    </article>
  );
});

const TINT = {
  customer: "bg-brand text-brand-ink rounded-br-[4px]",
  bot: "bg-bot-soft rounded-bl-[4px]",
  agent: "bg-brand-soft rounded-bl-[4px]",
  system: "",
};

function Bubble({ message, isOwn }: { message: MessageView; isOwn: boolean }) {
  if (message.state === "redacted") {
    return (
      <p className="rounded-3 border border-line px-3.5 py-2 text-ink-3 italic">This message was removed.</p>
    );
  }
  const isWaiting = message.text === "" && message.state === "streaming";
  if (message.text === "" && !isWaiting) return null;
  return (
    <p
      data-testid="message-text"
      dir="auto"
      title={fullTime(message.at)}
      className={`max-w-[84%] rounded-3 px-[13px] py-[9px] break-words whitespace-pre-wrap ${TINT[message.sender.kind]} ${
        isOwn ? "" : "animate-rise"
      }`}
    >
      {isWaiting ? <Dots label="The assistant begins to answer" /> : <LinkedText text={message.text} />}
      {message.state === "streaming" && !isWaiting && (
        <span aria-hidden data-testid="caret" className="-mb-[3px] ml-px inline-block h-4 w-0.5 bg-bot" />
      )}
    </p>
  );
}

/** Why a text ends where it does, when that was not its own end. */
function Ending({ message }: { message: MessageView }) {
  const { session } = useWidget();
  const question = useConversation((conversation) => {
    const asked = Object.values(conversation.messages).filter(
      (other) => other.sender.kind === "customer" && other.position < message.position,
    );
    return asked.sort((one, other) => other.position - one.position)[0]?.text ?? null;
  }, null);
  const look = "mx-1.5 mt-1 flex items-center gap-1.5 text-12 text-ink-2";
  switch (message.state) {
    case "stopped":
    case "taken_over":
      return (
        <p className={look}>
          <CircleStop aria-hidden size={12} strokeWidth={1.75} />
          stopped here
        </p>
      );
    case "paused":
      return <p className={look}>The rest is on its way</p>;
    case "failed":
      return (
        <p className={look}>
          This answer could not be finished.
          {question !== null && (
            <button
              type="button"
              onClick={() => session.send(question)}
              className="flex items-center gap-1 font-medium text-ink underline underline-offset-2"
            >
              <RotateCcw aria-hidden size={12} strokeWidth={1.75} />
              Ask again
            </button>
          )}
        </p>
      );
    default:
      return null;
  }
}

type MetaProps = { message: MessageView; isOwn: boolean; endsGroup: boolean };

/** Time and ticks under the visitor's own group; who wrote and thumbs under the others. */
function Meta({ message, isOwn, endsGroup }: MetaProps) {
  if (!endsGroup || progress(message.state) === "live") return null;
  if (isOwn) {
    return (
      <p className="mx-1.5 mt-0.5 flex items-center gap-1 text-12 text-ink-3">
        <time dateTime={message.at ?? undefined}>{clockTime(message.at)}</time>
        <Ticks seq={message.seq} />
      </p>
    );
  }
  // A cut answer says already why it ends.
  if (progress(message.state) === "cut") return null;
  const name = message.sender.name ?? (message.sender.kind === "agent" ? "Team" : "Assistant");
  return (
    <div className="mx-1.5 mt-0.5 flex h-6 items-center gap-1.5 text-12 text-ink-3">
      <span>{name}</span>
      {message.sender.kind === "bot" && message.state === "done" && <Thumbs id={message.id} />}
      <time
        dateTime={message.at ?? undefined}
        className="opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100"
      >
        {clockTime(message.at)}
      </time>
    </div>
  );
}

function Thumbs({ id }: { id: string }) {
  const { session } = useWidget();
  const given = useVisitor((state) => state.feedback[id] ?? null);
  const button = (value: "up" | "down") =>
    `grid size-6 place-items-center rounded-1 transition-colors hover:bg-sunk hover:text-ink ${
      given === value ? "text-brand" : "text-ink-3"
    }`;
  return (
    <span className="flex">
      <button
        type="button"
        aria-label="This helped"
        aria-pressed={given === "up"}
        className={button("up")}
        onClick={() => session.giveFeedback(id, "up")}
      >
        <ThumbsUp aria-hidden size={13} strokeWidth={1.75} fill={given === "up" ? "currentColor" : "none"} />
      </button>
      <button
        type="button"
        aria-label="This did not help"
        aria-pressed={given === "down"}
        className={button("down")}
        onClick={() => session.giveFeedback(id, "down")}
      >
        <ThumbsDown
          aria-hidden
          size={13}
          strokeWidth={1.75}
          fill={given === "down" ? "currentColor" : "none"}
        />
      </button>
    </span>
  );
}
