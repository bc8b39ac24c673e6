import { ArrowUp } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { runningReply } from "@/shared/session/state";
import { isReady } from "@/shared/uploads";
import { AttachButton } from "./attach-button";
import { useConversation, useSession, useUploads, useWidget } from "./use-widget";

/** Five lines of 22 px and the padding around them. */
const MAX_HEIGHT = 5 * 22 + 20;
/** The count is shown when so few characters are left. */
const NEAR_LIMIT = 200;

/** Where the visitor writes; Stop takes the place of Send while an answer runs. */
export function Composer({ isOpen }: { isOpen: boolean }) {
  const { session } = useWidget();
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const running = useConversation((conversation) => runningReply(conversation)?.id ?? null, null);
  const isEnded = useSession((state) => state.link === "ended");
  const limit = useSession((state) => state.limits.message_chars);
  const left = limit - [...text].length;
  const uploads = useUploads();
  const isSomething = text.trim() !== "" || uploads.length > 0;
  const canSend = isSomething && isReady(uploads) && left >= 0 && !isEnded;

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    // Of a field that was just emptied, Chromium with a touch screen still measures what it held.
    element.style.height = text === "" ? "" : "0";
    if (text !== "") element.style.height = `${Math.min(element.scrollHeight, MAX_HEIGHT)}px`;
  }, [text]);

  useEffect(() => {
    if (isOpen) field.current?.focus();
  }, [isOpen]);

  const send = () => {
    if (!canSend) return;
    session.send(text.trim());
    setText("");
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends a composition (Japanese, Chinese ...) is part of the text.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    session.attach(files);
  };
  const stop = () => {
    if (running) session.stop(running);
    field.current?.focus();
  };

  return (
    <form
      className="mx-3 mb-1.5 flex items-end gap-2 rounded-[14px] border border-line-strong bg-bg pr-1.5 transition-colors focus-within:border-brand"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <AttachButton disabled={isEnded} />
      <textarea
        ref={field}
        data-testid="composer"
        aria-label="Write a message"
        placeholder="Write a message"
        rows={1}
        dir="auto"
        value={text}
        disabled={isEnded}
        onInput={(event) => {
          setText(event.currentTarget.value);
          session.typing();
        }}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        className="quiet-scroll min-w-0 flex-1 resize-none bg-transparent py-2.5 pl-0.5 leading-[22px] outline-none placeholder:text-ink-3"
      />
      {left < NEAR_LIMIT && (
        <span className={`pb-3 text-12 ${left < 0 ? "font-medium text-bad" : "text-ink-3"}`}>
          {left < 0 ? `${-left} too many` : `${left} left`}
        </span>
      )}
      {running && (
        <button
          type="button"
          data-testid="stop"
          onClick={stop}
          className="my-1.5 flex h-8 items-center gap-1.5 rounded-[9px] bg-sunk px-3 text-13 text-ink transition-colors hover:bg-line"
        >
          <span aria-hidden className="size-[9px] rounded-[2px] bg-current" />
          Stop
        </button>
      )}
      {(!running || canSend) && (
        <button
          type="submit"
          data-testid="send"
          aria-label="Send"
          disabled={!canSend}
          className="my-1.5 grid size-8 shrink-0 place-items-center rounded-[9px] bg-brand text-brand-ink transition-colors hover:bg-brand-hover disabled:bg-sunk disabled:text-ink-3"
        >
          <ArrowUp aria-hidden size={17} strokeWidth={2} />
        </button>
      )}
    </form>
  );
}
