import { CircleAlert, LoaderCircle, RotateCcw, StickyNote, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import type { OutgoingMessage } from "@/shared/outbox";
import type { SystemLine } from "@/shared/session/state";
import type { Note } from "@/wire/wire.gen";
import { clockTime, dayLine, fullTime } from "../format/time";
import { useConsole } from "../live/console-session";
import { Attachments } from "./attachments";
import { WINDOW } from "./control";
import { UseTemplate } from "./template-picker";

export function DayLine({ at }: { at: string }) {
  return <p className="my-2 self-center text-12 text-ink-3">{dayLine(at, new Date())}</p>;
}

const LINES: Record<SystemLine["kind"], (name: string | null) => string> = {
  joined: (name) => `${name ?? "An agent"} took over`,
  handed_back: (name) => (name === null ? "The assistant is back" : `${name} handed back to the assistant`),
  queued: () => "Waiting for a person",
  closed: () => "Closed",
  reopened: () => "Reopened",
};

export function SystemLineRow({ line, at }: { line: SystemLine; at: string }) {
  return (
    <p
      data-testid="system-line"
      data-line={line.kind}
      className="my-2 flex items-center gap-3 self-stretch text-12 text-ink-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line"
    >
      <span>
        {LINES[line.kind](line.name)} · <time dateTime={at}>{clockTime(at)}</time>
      </span>
    </p>
  );
}

function NoteFrame({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div
      data-testid="note"
      className="mb-2 flex max-w-[78%] gap-2 self-end rounded-2 border border-note-line bg-note px-3 py-2"
    >
      <StickyNote aria-hidden size={14} className="mt-0.5 shrink-0 text-warn" />
      <div className="min-w-0">
        <p dir="auto" className="break-words whitespace-pre-wrap">
          <b className="font-semibold">Note, {name}</b> · {children}
        </p>
      </div>
    </div>
  );
}

export function NoteRow({ note }: { note: Note }) {
  const { me } = useConsole();
  return (
    <NoteFrame name={note.author.id === me.id ? "you" : note.author.name}>
      {note.text}{" "}
      <time dateTime={note.at} title={fullTime(note.at)} className="text-12 whitespace-nowrap text-ink-3">
        {clockTime(note.at)}
      </time>
    </NoteFrame>
  );
}

/** A reply or note that the log does not show yet: on its way, waiting for the line, or refused. */
export function OutgoingRow({ message, kind }: { message: OutgoingMessage; kind: "replies" | "notes" }) {
  const failed = message.state === "failed";
  return (
    <div
      data-testid="outgoing"
      data-state={message.state}
      className="mb-2 flex max-w-[78%] flex-col items-end self-end"
    >
      {kind === "notes" ? (
        <NoteFrame name="you">{message.text}</NoteFrame>
      ) : (
        message.text !== "" && (
          <p
            dir="auto"
            className={`max-w-full rounded-3 rounded-br-[4px] px-3 py-2 break-words whitespace-pre-wrap ${failed ? "bg-bad-soft" : "bg-brand-soft opacity-75"}`}
          >
            {message.text}
          </p>
        )
      )}
      {message.attachments !== undefined && <Attachments attachments={message.attachments} />}
      {failed ? <FailedActions message={message} kind={kind} /> : <OnItsWay state={message.state} />}
    </div>
  );
}

function OnItsWay({ state }: { state: OutgoingMessage["state"] }) {
  return (
    <p className="mx-1 mt-0.5 flex items-center gap-1 text-12 text-ink-3">
      <LoaderCircle aria-hidden size={11} className="animate-spin" />
      {state === "queued" ? "waiting for the connection" : "sending"}
    </p>
  );
}

function FailedActions({ message, kind }: { message: OutgoingMessage; kind: "replies" | "notes" }) {
  const box = useConsole()[kind];
  const button = "flex items-center gap-1 rounded-1 px-1 text-ink-2 hover:text-ink hover:underline";
  return (
    <div role="alert" className="mt-0.5 flex flex-wrap items-center justify-end gap-2 text-12 text-bad">
      <span className="flex items-center gap-1">
        <CircleAlert aria-hidden size={12} />
        Not sent. {message.error ?? ""}
      </span>
      {message.reason === WINDOW && message.conversation !== null && (
        <UseTemplate conversation={message.conversation} />
      )}
      <button
        type="button"
        data-testid="resend"
        className={button}
        onClick={() => box.retry(message.clientId)}
      >
        <RotateCcw aria-hidden size={12} />
        Send again
      </button>
      <button type="button" className={button} onClick={() => box.discard(message.clientId)}>
        <Trash2 aria-hidden size={12} />
        Discard
      </button>
    </div>
  );
}
