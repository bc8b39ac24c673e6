import { CircleAlert } from "lucide-react";
import { CLOSE } from "@/wire/wire.gen";
import { useSession, useWidget } from "./use-widget";

const REASONS: Readonly<Record<number, { title: string; text: string }>> = {
  [CLOSE.UNAUTHORIZED]: {
    title: "The chat is not set up for this page",
    text: "The shop's key or your sign-in was not accepted. Reload the page, or write to the shop another way.",
  },
  [CLOSE.REVOKED]: {
    title: "This chat is closed",
    text: "The shop takes no messages from you here. Write to the shop another way.",
  },
  [CLOSE.REPLACED]: {
    title: "There is a newer version",
    text: "Reload the page to go on; your conversation is kept.",
  },
};

const OTHERWISE = {
  title: "The chat is not available",
  text: "Something went wrong on our side. Your conversation is kept.",
};

/** The server ended the session for good; say why, and offer another try. */
export function SessionEnded() {
  const { session } = useWidget();
  const code = useSession((state) => state.endCode);
  const reason = (code !== null && REASONS[code]) || OTHERWISE;
  return (
    <div role="alert" className="flex flex-1 flex-col items-center justify-center gap-2 p-8 text-center">
      <CircleAlert aria-hidden size={28} strokeWidth={1.5} className="text-ink-3" />
      <h2 className="text-16 font-semibold">{reason.title}</h2>
      <p className="text-14 text-ink-2">{reason.text}</p>
      <button
        type="button"
        className="mt-3 rounded-1 bg-brand px-4 py-2 text-14 font-medium text-brand-ink transition-colors hover:bg-brand-hover"
        onClick={() => session.connect()}
      >
        Retry
      </button>
    </div>
  );
}
