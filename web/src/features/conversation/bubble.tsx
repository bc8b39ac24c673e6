import { CircleStop, Frown, Meh, Smile, Sparkle, TriangleAlert, WifiOff } from "lucide-react";
import { memo } from "react";
import type { MessageView } from "@/shared/session/state";
import { clockTime, fullTime } from "../format/time";
import { plainWords } from "../format/words";
import { useConversation } from "../live/use-session";
import { Attachments } from "./attachments";
import { DeliveryState } from "./delivery-state";
import { IntentChip } from "./intent-chip";
import { ProductCards } from "./product-cards";
import { Quoted } from "./quoted";

type BubbleProps = {
  conversation: string;
  id: string;
  endsGroup: boolean;
  /** It came while the reader looked on. */
  rises: boolean;
};

/** One message; it alone renders again when a token of it arrives. */
export const Bubble = memo(function Bubble({ conversation, id, endsGroup, rises }: BubbleProps) {
  const message = useConversation(conversation, (held) => held.messages[id] ?? null, null);
  if (message === null) return null;
  if (message.sender.kind === "system") return <SystemText message={message} />;
  const own = message.sender.kind !== "customer";
  // An agent's own message stood here already while it was on its way.
  const motion = rises && message.sender.kind !== "agent" ? "animate-rise" : "";
  return (
    <div
      data-testid="message"
      data-message={message.id}
      data-sender={message.sender.kind}
      data-state={progress(message)}
      className={`flex max-w-[78%] flex-col ${motion} ${own ? "items-end self-end" : "items-start self-start"}`}
    >
      {message.refers && <Quoted conversation={conversation} refers={message.refers} />}
      {!(message.text === "" && message.attachments.length > 0) && (
        <BubbleText message={message} own={own} endsGroup={endsGroup} />
      )}
      {message.attachments.length > 0 && <Attachments attachments={message.attachments} />}
      {message.products.length > 0 && <ProductCards products={message.products} />}
      {message.reaction && <Reaction emoji={message.reaction} />}
      <Ending conversation={conversation} message={message} />
      <Meta conversation={conversation} message={message} endsGroup={endsGroup} />
    </div>
  );
});

function progress(message: MessageView): "live" | "done" | "cut" {
  switch (message.state) {
    case "streaming":
    case "paused":
      return "live";
    case "stopped":
    case "taken_over":
    case "failed":
      return "cut";
    default:
      return "done";
  }
}

const TINT = {
  customer: "bg-sunk ring-1 ring-line ring-inset",
  bot: "bg-bot-soft",
  agent: "bg-brand-soft",
};

function BubbleText({ message, own, endsGroup }: { message: MessageView; own: boolean; endsGroup: boolean }) {
  const kind = message.sender.kind === "system" ? "bot" : message.sender.kind;
  const corner = own ? "rounded-br-[4px]" : "rounded-bl-[4px]";
  if (message.state === "redacted") {
    return (
      <p className="rounded-3 border border-line px-3 py-2 text-ink-3 italic">This message was removed.</p>
    );
  }
  return (
    <p
      dir="auto"
      className={`max-w-full rounded-3 px-3 py-2 break-words whitespace-pre-wrap ${TINT[kind]} ${endsGroup ? corner : ""}`}
    >
      {message.text}
      {message.state === "streaming" && (
        <span
          data-testid="caret"
          aria-hidden
          className="-mb-0.5 ml-px inline-block h-3.5 w-0.5 animate-caret bg-bot"
        />
      )}
    </p>
  );
}

function Reaction({ emoji }: { emoji: string }) {
  return (
    <p
      data-testid="reaction"
      title="The customer's reaction"
      className="-mt-1 mx-1 rounded-3 border border-line bg-raised px-1.5 text-12"
    >
      <span className="sr-only">The customer's reaction: </span>
      {emoji}
    </p>
  );
}

/** Why a text ends where it does, when it was not its own end. */
function Ending({ conversation, message }: { conversation: string; message: MessageView }) {
  const look = "mt-1 flex items-center gap-1 text-12";
  switch (message.state) {
    case "stopped":
    case "taken_over":
      return (
        <p className={`${look} text-ink-2`}>
          <CircleStop aria-hidden size={12} />
          stopped here
        </p>
      );
    case "failed":
      return (
        <p className={`${look} text-bad`}>
          <TriangleAlert aria-hidden size={12} />
          {message.failure
            ? `could not be finished: ${plainWords(message.failure)}`
            : "could not be finished"}
        </p>
      );
    case "paused":
      return (
        <p className={`${look} text-ink-2`}>
          <WifiOff aria-hidden size={12} />
          waiting for the rest
        </p>
      );
    default:
      return <DeliveryState conversation={conversation} message={message} />;
  }
}

const MOOD_ICON = { positive: Smile, neutral: Meh, negative: Frown };
const MOOD_TONE = { positive: "text-ok", neutral: "text-ink-3", negative: "text-bad" };

function Mood({ label }: { label: string }) {
  const mood = label in MOOD_ICON ? (label as keyof typeof MOOD_ICON) : "neutral";
  const Icon = MOOD_ICON[mood];
  return (
    <span className={`flex items-center gap-1 ${MOOD_TONE[mood]}`}>
      <Icon aria-hidden size={12} />
      {label}
    </span>
  );
}

function senderName(message: MessageView): string | null {
  switch (message.sender.kind) {
    case "bot":
      return "Assistant";
    case "agent":
      return message.sender.name ?? "Agent";
    default:
      return null;
  }
}

type MetaProps = { conversation: string; message: MessageView; endsGroup: boolean };

/** Who and when, once per group; what the classifiers made of a customer's message, always. */
function Meta({ conversation, message, endsGroup }: MetaProps) {
  const analysed = message.intent !== null || message.sentiment !== null;
  if (!endsGroup && !analysed) return <span className="h-1" />;
  const name = senderName(message);
  return (
    <div className="mx-1 mt-0.5 mb-2 flex flex-wrap items-center gap-2 text-12 text-ink-3">
      {message.sender.kind === "bot" && <Sparkle aria-hidden size={11} className="-mr-1 text-bot" />}
      {name !== null && <span>{name}</span>}
      {message.at !== null && (
        <time dateTime={message.at} title={fullTime(message.at)}>
          {clockTime(message.at)}
        </time>
      )}
      {message.intent !== null && (
        <IntentChip conversation={conversation} message={message.id} intent={message.intent} />
      )}
      {message.sentiment !== null && <Mood label={message.sentiment.label} />}
      {message.sources.length > 0 && <span>from {message.sources.map(({ title }) => title).join(", ")}</span>}
    </div>
  );
}

function SystemText({ message }: { message: MessageView }) {
  return (
    <p
      data-testid="message"
      data-message={message.id}
      data-sender="system"
      data-state="done"
      className="my-2 self-center text-center text-12 text-ink-3"
    >
      {message.text}
    </p>
  );
}
