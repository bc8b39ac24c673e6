import { FileText, LoaderCircle, Lock, Send, Sparkles, StickyNote } from "lucide-react";
import {
  type ChangeEvent,
  type ClipboardEvent,
  type KeyboardEvent,
  type RefObject,
  useLayoutEffect,
} from "react";
import { isReady, type Upload } from "@/shared/uploads";
import { useConsole } from "../live/console-session";
import { useConversation, useLive } from "../live/use-session";
import { Button, IconButton } from "../ui/button";
import { KeyCaps } from "../ui/key-caps";
import { AttachButton } from "./attach-button";
import { type ComposerGate, replyGate } from "./control";
import { showTakenBySending } from "./control-store";
import { type DraftKind, type DraftPlace, useDraft, useDrafts } from "./drafts";
import type { Suggestion } from "./suggestion";
import { askForSuggestion, dismissSuggestion, useSuggestion } from "./suggestion-store";
import { hasTemplates, openTemplates } from "./templates";
import { UploadList } from "./upload-list";
import { attachFiles, takeUploads, useUploads } from "./upload-store";
import { useControl } from "./use-control";
import { useTyping } from "./use-typing";

const NOTE_GATE: ComposerGate = {
  open: true,
  placeholder: "Write a note. Only your team sees it.",
  takesControl: false,
};
const NO_FILES: readonly Upload[] = [];
/** The count of characters shows when this many or fewer are left. */
const COUNT_FROM = 200;

type ComposerProps = {
  conversation: string;
  kind: DraftKind;
  onKind: (kind: DraftKind) => void;
  field: RefObject<HTMLTextAreaElement | null>;
};

/** What is being written, and what its keys do. */
function useWriting(conversation: string, kind: DraftKind) {
  const control = useControl(conversation);
  const gate = kind === "note" ? NOTE_GATE : replyGate(control);
  const place = { user: useConsole().me.id, conversation, kind };
  const text = useDraft(place);
  const limit = useLive((state) => state.limits.message_chars);
  const send = useSend(place, gate);
  const typing = useTyping(conversation);
  const left = limit - [...text].length;
  const uploads = useUploads(conversation);
  const files = kind === "reply" ? uploads : NO_FILES;
  const sendable = gate.open && (text.trim() !== "" || files.length > 0) && isReady(files) && left >= 0;
  const suggested = useSuggested(place, gate.open && kind === "reply" && text === "");

  function submit(): void {
    if (!sendable) return;
    typing.stopped();
    send(text);
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Tab" && !event.shiftKey && suggested.accept()) {
      event.preventDefault();
    } else if (event.key === "Escape" && !suggested.dismiss()) {
      event.currentTarget.blur();
    }
  }

  function take(data: DataTransfer | null): boolean {
    const given = kind === "reply" && gate.open ? [...(data?.files ?? [])] : [];
    attachFiles(conversation, given);
    return given.length > 0;
  }

  function onPaste(event: ClipboardEvent<HTMLTextAreaElement>): void {
    if (take(event.clipboardData)) event.preventDefault();
  }

  function onChange(event: ChangeEvent<HTMLTextAreaElement>): void {
    useDrafts.getState().write(place, event.target.value);
    if (kind === "reply") typing.typed();
  }

  return {
    gate,
    text,
    left,
    sendable,
    submit,
    suggested,
    files,
    take,
    field: { onKeyDown, onChange, onPaste, onBlur: typing.stopped },
  };
}

/** The suggested answer of a reply; it shows, and can be accepted, while nothing is written (`free`). */
function useSuggested({ user, conversation }: DraftPlace, free: boolean) {
  const session = useConsole();
  const suggestion = useSuggestion(conversation);

  function accept(): boolean {
    if (!free || suggestion.state !== "ready") return false;
    useDrafts.getState().write({ user, conversation, kind: "reply" }, suggestion.text);
    dismissSuggestion(conversation);
    return true;
  }

  function dismiss(): boolean {
    if (!free || suggestion.state === "none") return false;
    dismissSuggestion(conversation);
    return true;
  }

  const ask = () => void askForSuggestion(session, conversation);
  return { free, suggestion, ask, accept, dismiss };
}

/** Where a reply or note is written; what is not sent yet is kept per conversation. */
export function Composer({ conversation, kind, onKind, field }: ComposerProps) {
  const writing = useWriting(conversation, kind);
  const { gate, text, suggested } = writing;
  const channel = useConversation(conversation, (held) => held.channel, null);
  const ghost = suggested.free ? ghostText(suggested.suggestion) : "";
  useFieldHeight(field, text || ghost);
  return (
    <form
      data-kind={kind}
      onSubmit={(event) => {
        event.preventDefault();
        writing.submit();
      }}
      onDragOver={(event) => event.dataTransfer.types.includes("Files") && event.preventDefault()}
      onDrop={(event) => writing.take(event.dataTransfer) && event.preventDefault()}
      className={`mx-4 mb-4 shrink-0 rounded-2 border transition-colors focus-within:border-ink-3 ${kind === "note" ? "border-note-line bg-note" : "border-line-strong bg-bg"}`}
    >
      <Tabs kind={kind} onKind={onKind} />
      <UploadList conversation={conversation} uploads={writing.files} />
      <textarea
        ref={field}
        data-testid="composer"
        aria-label={kind === "note" ? "Note" : "Reply"}
        dir="auto"
        rows={1}
        disabled={!gate.open}
        placeholder={ghost || gate.placeholder}
        value={text}
        {...writing.field}
        className="block max-h-45 min-h-9 w-full resize-none bg-transparent px-3 py-1.5 outline-none placeholder:text-ink-3 disabled:cursor-not-allowed"
      />
      <footer className="flex items-center gap-3 border-line @max-[480px]:gap-1.5 border-t px-3 py-1.5 text-12 text-ink-3">
        {suggested.free && suggested.suggestion.state !== "none" ? (
          <SuggestionHint suggestion={suggested.suggestion} />
        ) : (
          <Hint gate={gate} kind={kind} />
        )}
        <span className="ml-auto" />
        {kind === "reply" && hasTemplates(channel) && (
          <IconButton
            name="Send a template"
            data-testid="template-button"
            disabled={!gate.open}
            onClick={() => openTemplates(conversation)}
          >
            <FileText size={15} />
          </IconButton>
        )}
        {kind === "reply" && <AttachButton conversation={conversation} disabled={!gate.open} />}
        {suggested.free && (
          <Button
            kind="quiet"
            data-testid="suggest"
            title="Suggest a reply (S)"
            disabled={suggested.suggestion.state === "asked"}
            onClick={() => {
              suggested.ask();
              field.current?.focus();
            }}
          >
            <Sparkles aria-hidden size={13} />
            <span className="@max-[480px]:sr-only">Suggest</span>
          </Button>
        )}
        <CharactersLeft left={writing.left} />
        <Button type="submit" kind="primary" data-testid="send" disabled={!writing.sendable}>
          <Send aria-hidden size={13} />
          {kind === "note" ? "Add note" : gate.takesControl ? <TakeAndSend /> : "Send"}
        </Button>
      </footer>
    </form>
  );
}

/** Where there is little room the field itself says that sending takes over. */
function TakeAndSend() {
  return (
    <>
      <span className="@max-[480px]:hidden">Take over and send</span>
      <span className="@min-[481px]:hidden">Send</span>
    </>
  );
}

/** What stands in the empty field: the answer as far as it is written. */
function ghostText(suggestion: Suggestion): string {
  return suggestion.state === "asked" || suggestion.state === "ready" ? suggestion.text : "";
}

function SuggestionHint({ suggestion }: { suggestion: Suggestion }) {
  return (
    <span role="status" data-testid="suggestion" className="flex min-w-0 items-center gap-1.5">
      {suggestion.state === "asked" && (
        <>
          <LoaderCircle aria-hidden size={12} className="animate-spin motion-reduce:animate-none" />
          Writing a suggestion
        </>
      )}
      {suggestion.state === "ready" && (
        <>
          <span className="sr-only">Suggested: {suggestion.text}</span>
          <KeyCaps keys="Tab" /> uses it
          <span className="hidden items-center gap-1.5 @min-[640px]:flex">
            <KeyCaps keys="Esc" /> drops it
          </span>
        </>
      )}
      {suggestion.state === "refused" && suggestion.why}
    </span>
  );
}

function CharactersLeft({ left }: { left: number }) {
  if (left > COUNT_FROM) return null;
  return (
    <span role="status" className={left < 0 ? "text-bad" : ""}>
      {left < 0 ? `${-left} too many` : `${left} left`}
    </span>
  );
}

/** Put a text into its outbox; sending a reply shows the control that it takes. */
function useSend(place: DraftPlace, gate: ComposerGate): (text: string) => void {
  const session = useConsole();
  return (text) => {
    useDrafts.getState().write(place, "");
    const box = place.kind === "note" ? session.notes : session.replies;
    const files = place.kind === "reply" ? takeUploads(place.conversation) : [];
    const { clientId } = box.add(text.trim(), place.conversation, files.length > 0 ? files : undefined);
    if (gate.takesControl) showTakenBySending(session, place.conversation, clientId);
  };
}

/** One line growing with its text up to the height the style allows. */
function useFieldHeight(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text makes the height
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}

function Tabs({ kind, onKind }: { kind: DraftKind; onKind: (kind: DraftKind) => void }) {
  const tab =
    "rounded-1 px-1.5 py-0.5 text-ink-3 hover:text-ink aria-pressed:font-medium aria-pressed:text-ink";
  return (
    <div className="flex gap-2 px-1.5 pt-1.5 text-12">
      <button type="button" aria-pressed={kind === "reply"} className={tab} onClick={() => onKind("reply")}>
        Reply
      </button>
      <button type="button" aria-pressed={kind === "note"} className={tab} onClick={() => onKind("note")}>
        Note
      </button>
    </div>
  );
}

function Hint({ gate, kind }: { gate: ComposerGate; kind: DraftKind }) {
  if (!gate.open) {
    return (
      <span className="flex items-center gap-1.5">
        <Lock aria-hidden size={12} />
        Replies are closed
        <span className="hidden items-center gap-1.5 @min-[640px]:flex">
          <KeyCaps keys="N" /> writes a note
        </span>
      </span>
    );
  }
  return (
    <span className="flex items-center gap-1.5 whitespace-nowrap @max-[480px]:hidden">
      {kind === "note" && <StickyNote aria-hidden size={12} className="text-warn" />}
      <KeyCaps keys="Enter" /> {kind === "note" ? "adds" : "sends"}
      <span className="hidden items-center gap-1.5 @min-[640px]:flex">
        <KeyCaps keys="Shift+Enter" /> new line
      </span>
    </span>
  );
}
