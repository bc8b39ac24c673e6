import { useConversation, useWidget } from "./use-widget";

/** The way to a person, always in sight. */
export function Footer() {
  const { session } = useWidget();
  const controller = useConversation((conversation) => conversation.controller, "bot");
  const holder = useConversation((conversation) => conversation.holder?.name ?? null, null);
  const isClosed = useConversation((conversation) => conversation.status === "closed", false);
  const isAsked = controller !== "bot" && !isClosed;
  let label = "Talk to a person";
  if (isAsked)
    label =
      controller === "agent" ? `You are talking with ${holder ?? "a person"}` : "A person has been asked";
  return (
    <footer className="pt-0.5 pb-3 text-center text-13">
      <button
        type="button"
        data-testid="talk-to-person"
        disabled={isAsked}
        onClick={() => void session.talkToPerson()}
        className="rounded-1 px-2 py-0.5 text-ink-2 underline decoration-line-strong underline-offset-[3px] transition-colors hover:text-ink disabled:no-underline disabled:hover:text-ink-2"
      >
        {label}
      </button>
    </footer>
  );
}
