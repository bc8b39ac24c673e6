import { ArrowDown } from "lucide-react";
import { useEffect, useMemo } from "react";
import { type Row, timelineRows } from "@/features/conversation/timeline-rows";
import { useStickToEnd } from "@/features/conversation/use-stick-to-end";
import { dayLine } from "@/features/format/time";
import { Message } from "./message";
import { Outgoing } from "./outgoing";
import { Rating } from "./rating";
import { SystemLineRow } from "./system-line";
import { Thinking } from "./thinking";
import { useConversation, useOutbox, useVisitor, useWidget } from "./use-widget";

/** The conversation with its day lines; follows the end while the visitor is there. */
export function MessageList() {
  const { session } = useWidget();
  const id = useVisitor((state) => state.conversation);
  const timeline = useConversation((conversation) => conversation.timeline, null);
  const seq = useConversation((conversation) => conversation.seq, 0);
  const outbox = useOutbox();
  // Times and senders change with events alone: a growing answer leaves the rows as they are.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `seq` stands for the messages
  const rows = useMemo(
    () => (timeline ? timelineRows(timeline, session.conversation?.messages ?? {}) : []),
    [timeline, seq, session],
  );
  const last = outbox.at(-1)?.clientId ?? timeline?.at(-1)?.id;
  const { scroller, content, behind, toEnd } = useStickToEnd(id ?? "", last);
  const written = outbox.at(-1)?.clientId;
  useEffect(() => {
    if (written) toEnd();
  }, [written, toEnd]);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-label="Conversation"
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by key
        tabIndex={0}
        className="quiet-scroll h-full overflow-y-auto overscroll-contain outline-offset-[-2px]"
      >
        <div ref={content} className="flex min-h-full flex-col justify-end gap-1 p-4">
          {rows.map((row) => (
            <RowView key={row.key} row={row} />
          ))}
          {outbox.map((message) => (
            <Outgoing key={message.clientId} message={message} />
          ))}
          <Thinking />
          <Rating />
        </div>
      </div>
      {behind && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 flex -translate-x-1/2 items-center gap-1.5 rounded-full border border-line bg-raised px-3 py-1 text-13 shadow-float"
        >
          <ArrowDown aria-hidden size={14} />
          New messages
        </button>
      )}
    </div>
  );
}

function RowView({ row }: { row: Row }) {
  if (row.kind === "day") {
    return <p className="my-2 text-center text-12 text-ink-3">{dayLine(row.at, new Date())}</p>;
  }
  if (row.item.kind === "message") return <Message id={row.item.id} endsGroup={row.endsGroup} />;
  return row.item.kind === "line" ? <SystemLineRow line={row.item.line} /> : null;
}
