import { ArrowUpRight, Sparkle } from "lucide-react";
import { useWidget } from "./use-widget";

const SUGGESTIONS = [
  "Where is my order?",
  "How do returns work?",
  "What do you recommend for a winter hike?",
  "How long does delivery take?",
];

/** Nothing was said yet: what this is for, and questions to begin with. */
export function EmptyState() {
  const { session, settings } = useWidget();
  const name = settings.shopName ? ` to ${settings.shopName}` : "";
  return (
    <div className="quiet-scroll flex flex-1 flex-col justify-end overflow-y-auto p-4">
      <span aria-hidden className="logo-gradient mb-4 grid size-11 place-items-center rounded-2 text-white">
        <Sparkle size={20} strokeWidth={1.75} />
      </span>
      <h2 className="text-20 font-semibold tracking-tight">How can we help?</h2>
      <p className="mt-1 mb-5 text-ink-2">
        {settings.greeting ??
          `Welcome${name}. Ask about orders, products or returns. A person is one click away.`}
      </p>
      <ul className="flex flex-col gap-2">
        {SUGGESTIONS.map((question) => (
          <li key={question}>
            <button
              type="button"
              data-testid="suggestion"
              onClick={() => session.send(question)}
              className="flex w-full items-center justify-between gap-3 rounded-2 border border-line px-3.5 py-2.5 text-left text-14 transition-colors hover:border-line-strong hover:bg-sub"
            >
              {question}
              <ArrowUpRight aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-ink-3" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
