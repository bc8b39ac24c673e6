import { useMutation } from "@tanstack/react-query";
import { ArrowDown } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { useShallow } from "zustand/shallow";
import type { ConversationState, TimelineItem } from "@/shared/session/state";
import { useConsole } from "../live/console-session";
import { useConversation, useOutgoing } from "../live/use-session";
import { errorWords } from "../rest/client";
import { Bubble } from "./bubble";
import { loadOlder } from "./older";
import { DayLine, NoteRow, OutgoingRow, SystemLineRow } from "./timeline-entries";
import { type Row, timelineRows } from "./timeline-rows";
import { useStickToEnd } from "./use-stick-to-end";

const NO_ITEMS: readonly TimelineItem[] = [];
const NONE_ENDED = {};

/** Rows of the conversation; stable while an answer streams, since only its bubble changes. */
function useRows(conversation: string): Row[] {
  const { client } = useConsole();
  const [timeline, ended] = useConversation(
    conversation,
    useShallow((held) => [held.timeline, held.ended] as const),
    EMPTY,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer's end gives it its time
  return useMemo(() => {
    const messages = client.store.view.getState().conversations[conversation]?.messages ?? {};
    return timelineRows(timeline, messages);
  }, [client, conversation, timeline, ended]);
}

const EMPTY = [NO_ITEMS, NONE_ENDED] as const;

/** Messages that come this long after the list was opened are new to the reader, in ms. */
const OPENING_MS = 500;

export function MessageList({ conversation }: { conversation: string }) {
  const opened = useRef(performance.now());
  const rows = useRows(conversation);
  const replies = useOutgoing("replies", conversation);
  const notes = useOutgoing("notes", conversation);
  const { scroller, content, behind, toEnd } = useStickToEnd(conversation, rows.at(-1)?.key);
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} className="flex h-full flex-col overflow-y-auto px-4" tabIndex={-1}>
        <div
          ref={content}
          role="log"
          aria-label="Messages"
          aria-live="off"
          className="mt-auto flex flex-col gap-0.5 py-3"
        >
          <Older conversation={conversation} />
          {rows.map((row) =>
            row.kind === "day" ? (
              <DayLine key={row.key} at={row.at} />
            ) : (
              <Entry
                key={row.key}
                conversation={conversation}
                item={row.item}
                endsGroup={row.endsGroup}
                isNew={performance.now() - opened.current > OPENING_MS}
              />
            ),
          )}
          {replies.map((message) => (
            <OutgoingRow key={message.clientId} message={message} kind="replies" />
          ))}
          {notes.map((message) => (
            <OutgoingRow key={message.clientId} message={message} kind="notes" />
          ))}
          <TypingLine conversation={conversation} />
        </div>
        <Announcer conversation={conversation} />
      </div>
      {behind && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-2 left-1/2 flex -translate-x-1/2 items-center gap-1.5 rounded-full border border-line bg-raised px-3 py-1 font-medium shadow-float"
        >
          <ArrowDown aria-hidden size={14} />
          New messages
        </button>
      )}
    </div>
  );
}

type EntryProps = { conversation: string; item: TimelineItem; endsGroup: boolean; isNew: boolean };

function Entry({ conversation, item, endsGroup, isNew }: EntryProps) {
  // Whether it came while the list was open does not change any more.
  const [rises] = useState(isNew);
  switch (item.kind) {
    case "message":
      return <Bubble conversation={conversation} id={item.id} endsGroup={endsGroup} rises={rises} />;
    case "note":
      return <NoteRow note={item.note} />;
    case "line":
      return <SystemLineRow line={item.line} at={item.at} />;
  }
}

function Older({ conversation }: { conversation: string }) {
  const session = useConsole();
  const more = useConversation(conversation, (held) => held.more, false);
  const load = useMutation({ mutationFn: () => loadOlder(session, conversation) });
  if (!more) return null;
  return (
    <div className="mb-2 flex flex-col items-center gap-1 self-center text-12">
      {load.isError && (
        <p role="alert" className="text-bad">
          {errorWords(load.error)}
        </p>
      )}
      <button
        type="button"
        disabled={load.isPending}
        onClick={() => load.mutate()}
        className="rounded-full border border-line px-3 py-1 text-ink-2 hover:bg-sub hover:text-ink disabled:opacity-60"
      >
        {load.isPending ? "Loading" : "Earlier messages"}
      </button>
    </div>
  );
}

/** Reads a new message out once it is whole: a growing one would be read again with every token. */
function Announcer({ conversation }: { conversation: string }) {
  const words = useConversation(conversation, lastWords, "");
  const first = useRef(words);
  return (
    <p aria-live="polite" className="sr-only">
      {words === first.current ? "" : words}
    </p>
  );
}

function lastWords({ timeline, messages }: ConversationState): string {
  const last = timeline.findLast(({ kind }) => kind === "message");
  const message = last === undefined ? undefined : messages[last.id];
  if (message === undefined || message.live !== null) return "";
  return `${message.sender.kind === "bot" ? "Assistant" : (message.sender.name ?? "Customer")}: ${message.text}`;
}

function TypingLine({ conversation }: { conversation: string }) {
  const { me } = useConsole();
  const names = useConversation(
    conversation,
    useShallow((held) =>
      Object.values(held.typing)
        .filter(({ id, kind }) => id !== me.id && kind !== "bot")
        .map(({ name, kind }) => name ?? (kind === "customer" ? "The customer" : "An agent")),
    ),
    NO_NAMES,
  );
  if (names.length === 0) return null;
  return (
    <p className="text-12 text-ink-3 italic">
      {names.join(", ")} {names.length === 1 ? "is" : "are"} typing
    </p>
  );
}

const NO_NAMES: string[] = [];
