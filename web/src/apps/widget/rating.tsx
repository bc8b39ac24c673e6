import { useConversation, useWidget } from "./use-widget";

const WORDS = ["Very bad", "Bad", "All right", "Good", "Very good"];

/** The question how it was, when the shop asks it; thanks once it is answered. */
export function Rating() {
  const { session } = useWidget();
  const csat = useConversation((conversation) => conversation.csat, null);
  if (!csat) return null;
  if (csat.score !== null)
    return <p className="my-2 text-center text-13 text-ink-2">Thank you for rating us.</p>;
  return (
    <fieldset className="mt-2 rounded-[12px] border border-line p-3 text-center">
      <legend className="sr-only">Rate this conversation</legend>
      <p className="text-14 font-medium">How was it?</p>
      <div className="mt-2 flex justify-center gap-1.5">
        {WORDS.map((word, index) => (
          <button
            key={word}
            type="button"
            aria-label={word}
            title={word}
            onClick={() => session.rate(index + 1)}
            className="grid size-9 place-items-center rounded-1 border border-line-strong text-14 transition-colors hover:border-brand hover:text-brand"
          >
            {index + 1}
          </button>
        ))}
      </div>
      <p aria-hidden className="mt-1.5 flex justify-between px-6 text-12 text-ink-3">
        <span>{WORDS[0]}</span>
        <span>{WORDS.at(-1)}</span>
      </p>
    </fieldset>
  );
}
