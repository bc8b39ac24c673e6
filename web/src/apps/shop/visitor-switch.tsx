import { useVisitor, type Who } from "./visitor";

const CHOICES: readonly { who: Who; label: string }[] = [
  { who: "guest", label: "Guest" },
  { who: "ana", label: "Ana" },
];

/** Try the shop as a guest or as the customer Ana. */
export function VisitorSwitch() {
  const { who, error, become } = useVisitor();
  return (
    <fieldset className="mr-2 flex items-center gap-2 text-13" title={error ?? undefined}>
      <legend className="sr-only">You are</legend>
      <span aria-hidden className="hidden text-ink-3 sm:inline">
        You are
      </span>
      <span className="flex rounded-full border border-line bg-sunk p-0.5">
        {CHOICES.map((choice) => (
          <button
            key={choice.who}
            type="button"
            data-testid={`be-${choice.who}`}
            aria-pressed={who === choice.who}
            onClick={() => void become(choice.who)}
            className={`rounded-full px-2.5 py-0.5 transition-colors ${
              who === choice.who
                ? "bg-raised font-medium text-ink ring-1 ring-line"
                : "text-ink-2 hover:text-ink"
            }`}
          >
            {choice.label}
          </button>
        ))}
      </span>
      {error && (
        <span role="alert" className="sr-only">
          {error}
        </span>
      )}
    </fieldset>
  );
}
