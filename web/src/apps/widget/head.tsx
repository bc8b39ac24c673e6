import { ChevronDown, Ellipsis, Sparkle } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { initials } from "./initials";
import { useConversation, useWidget } from "./use-widget";

/** Who the visitor is talking with, and the way out. */
export function Head() {
  const { model, settings } = useWidget();
  const controller = useConversation((conversation) => conversation.controller, "bot");
  const holder = useConversation((conversation) => conversation.holder?.name ?? null, null);
  const isClosed = useConversation((conversation) => conversation.status === "closed", false);
  const isAgent = controller === "agent" && !isClosed;
  const isBot = controller === "bot" && !isClosed;
  let line = "Assistant answers at once";
  if (isClosed) line = "This conversation has ended";
  else if (isAgent) line = `${holder ?? "A person"} is with you`;
  else if (controller === "queue") line = "A person will be with you soon";
  return (
    <header className="flex items-center gap-2.5 border-b border-line px-4 py-3.5">
      <span
        aria-hidden
        className={`grid size-[34px] shrink-0 place-items-center rounded-2 ${
          isAgent ? "bg-brand-soft text-13 font-semibold text-brand" : "logo-gradient text-white"
        }`}
      >
        {isAgent ? initials(holder) : <Sparkle size={16} strokeWidth={1.75} />}
      </span>
      <div className="min-w-0">
        <h1 className="truncate font-semibold leading-tight">{settings.shopName ?? "Chat with us"}</h1>
        <p data-testid="who-answers" className="line-clamp-2 text-13 leading-snug text-ink-2">
          {line}
          {isBot && settings.hours && (
            <>
              , <span className="inline-block">people {settings.hours}</span>
            </>
          )}
        </p>
      </div>
      <div className="-mr-2 ml-auto flex">
        <Menu />
        <IconButton label="Close chat" onClick={() => model.close()}>
          <ChevronDown aria-hidden size={18} strokeWidth={1.75} />
        </IconButton>
      </div>
    </header>
  );
}

type IconButtonProps = {
  label: string;
  onClick: () => void;
  isExpanded?: boolean;
  children: ReactNode;
};

function IconButton({ label, onClick, isExpanded, children }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-expanded={isExpanded}
      onClick={onClick}
      className="grid size-8 place-items-center rounded-1 text-ink-3 transition-colors hover:bg-sunk hover:text-ink"
    >
      {children}
    </button>
  );
}

function Menu() {
  const { model, session } = useWidget();
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const isRunning = useConversation((conversation) => conversation.status !== "closed", false);

  useEffect(() => {
    if (!isOpen) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]:not(:disabled)")?.focus();
    const onPointer = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      setOpen(false);
      box.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [isOpen]);

  const choose = (action: () => void) => () => {
    setOpen(false);
    action();
  };
  const item =
    "w-full rounded-1 px-3 py-1.5 text-left text-14 hover:bg-sunk disabled:text-ink-3 disabled:hover:bg-transparent";
  return (
    <div ref={box} className="relative">
      <IconButton label="Menu" isExpanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Ellipsis aria-hidden size={18} strokeWidth={1.75} />
      </IconButton>
      {isOpen && (
        <div
          role="menu"
          aria-label="Conversation"
          className="absolute top-9 right-0 z-10 w-52 rounded-2 border border-line bg-raised p-1 shadow-float"
        >
          <button
            type="button"
            role="menuitem"
            disabled={!isRunning}
            className={item}
            onClick={choose(() => session.endConversation())}
          >
            End this conversation
          </button>
          <button type="button" role="menuitem" className={item} onClick={choose(() => model.reset())}>
            Forget it on this device
          </button>
        </div>
      )}
    </div>
  );
}
