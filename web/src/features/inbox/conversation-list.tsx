import { ArrowDownWideNarrow, Clock, Inbox, Search, SearchX, X } from "lucide-react";
import type { RefObject } from "react";
import { plural } from "../format/words";
import { errorWords } from "../rest/client";
import { IconButton } from "../ui/button";
import { KeyCaps } from "../ui/key-caps";
import { Bone, Empty, Failed } from "../ui/states";
import { ConversationRow } from "./conversation-row";
import type { InboxLoad } from "./inbox";
import { PAGE_ROWS, useOlderRows } from "./older-rows";
import { type Order, QUEUES, type QueueName } from "./queue";
import type { Found } from "./search";
import type { Summary } from "./summary";

export type ListState = { search: string; order: Order; closed: boolean };

type ListProps = {
  queue: QueueName;
  rows: readonly Summary[];
  open: string | null;
  marked: string | null;
  state: ListState;
  onState: (state: Partial<ListState>) => void;
  onMark: (id: string) => void;
  load: InboxLoad;
  found: Found;
  searchField: RefObject<HTMLInputElement | null>;
};

/** The conversations of a queue. */
export function ConversationList(props: ListProps) {
  const { queue, rows, open, marked, state, onState, onMark, searchField } = props;
  const title = QUEUES.find(({ name }) => name === queue)?.title ?? "All";
  return (
    <section
      aria-label={`${title} conversations`}
      className={`flex w-70 shrink-0 flex-col border-line border-r max-[900px]:w-full max-[900px]:shrink max-[900px]:border-r-0 min-[1440px]:w-81 ${open === null ? "" : "max-[900px]:hidden"}`}
    >
      <header className="flex min-h-12 items-center gap-2 border-line border-b px-3.5 py-2">
        <h2 className="text-14 font-semibold">{title}</h2>
        <StatusSwitch closed={state.closed} onChange={(closed) => onState({ closed })} />
        <span className="ml-auto" />
        <OrderSwitch order={state.order} onChange={(order) => onState({ order })} />
      </header>
      <SearchField value={state.search} onChange={(search) => onState({ search })} field={searchField} />
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto" data-testid="conversation-list">
        {rows.length > 0 && (
          <ul>
            {rows.map((summary) => (
              <ConversationRow
                key={summary.id}
                summary={summary}
                to={`/queue/${queue}/${summary.id}`}
                open={summary.id === open}
                marked={summary.id === marked}
                onFocus={onMark}
              />
            ))}
          </ul>
        )}
        <ListEnd {...props} />
      </div>
    </section>
  );
}

function StatusSwitch({ closed, onChange }: { closed: boolean; onChange: (closed: boolean) => void }) {
  return (
    <button
      type="button"
      aria-label={
        closed
          ? "Showing closed conversations. Show open ones"
          : "Showing open conversations. Show closed ones"
      }
      title={closed ? "Show open ones" : "Show closed ones"}
      onClick={() => onChange(!closed)}
      className="inline-flex h-5 items-center rounded-1 bg-sunk px-1.5 text-12 text-ink-2 transition-colors hover:text-ink"
    >
      {closed ? "Closed" : "Open"}
    </button>
  );
}

function OrderSwitch({ order, onChange }: { order: Order; onChange: (order: Order) => void }) {
  const waiting = order === "waiting";
  return (
    <IconButton
      name={
        waiting ? "Longest wait first. Show the latest first" : "Latest first. Show the longest wait first"
      }
      onClick={() => onChange(waiting ? "latest" : "waiting")}
    >
      {waiting ? <Clock size={15} /> : <ArrowDownWideNarrow size={15} />}
    </IconButton>
  );
}

type SearchProps = {
  value: string;
  onChange: (value: string) => void;
  field: RefObject<HTMLInputElement | null>;
};

function SearchField({ value, onChange, field }: SearchProps) {
  return (
    <search className="flex items-center gap-2 border-line border-b px-3.5">
      <Search aria-hidden size={14} className="text-ink-3" />
      <input
        ref={field}
        type="search"
        aria-label="Search conversations"
        aria-keyshortcuts="/"
        placeholder="Search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onChange("");
          event.currentTarget.blur();
        }}
        className="h-9 min-w-0 flex-1 bg-transparent outline-none placeholder:text-ink-3 [&::-webkit-search-cancel-button]:hidden"
      />
      {value === "" ? (
        <span className="pointer-coarse:hidden">
          <KeyCaps keys="/" />
        </span>
      ) : (
        <IconButton name="Clear the search" onClick={() => onChange("")}>
          <X size={14} />
        </IconButton>
      )}
    </search>
  );
}

/** What stands under the rows, or in their place: bones, an error, or why there is nothing. */
function ListEnd({ queue, rows, state, load, found }: ListProps) {
  if (found.error) return <Failed reason={errorWords(found.error)} retry={found.retry} />;
  if (load.failed) return <Failed reason="The list could not be read." retry={load.retry} />;
  const asking = state.search.trim() !== "" || state.closed;
  if (rows.length === 0 && (found.searching || !(load.loaded || asking))) return <RowBones />;
  if (rows.length >= PAGE_ROWS && !asking) return <MoreRows queue={queue} />;
  if (rows.length > 0) {
    return asking ? (
      <p className="px-4 py-3 text-12 text-ink-3">{plural(rows.length, "conversation", "conversations")}</p>
    ) : null;
  }
  if (state.search.trim() !== "") {
    return (
      <Empty icon={<SearchX size={18} />} title="Nothing found">
        Try a name, a word of a message, or an order number.
      </Empty>
    );
  }
  const words = QUEUES.find(({ name }) => name === queue);
  if (state.closed) return <Empty icon={<Inbox size={18} />} title="Nothing has been closed yet" />;
  return (
    <Empty icon={<Inbox size={18} />} title={words?.empty ?? ""}>
      {words?.hint}
    </Empty>
  );
}

function MoreRows({ queue }: { queue: QueueName }) {
  const older = useOlderRows(queue);
  if (older.error) return <Failed compact reason={errorWords(older.error)} retry={older.load} />;
  if (older.atEnd) return null;
  return (
    <button
      type="button"
      disabled={older.loading}
      onClick={older.load}
      className="m-3 self-center rounded-full border border-line px-3 py-1 text-12 text-ink-2 hover:bg-sub hover:text-ink disabled:opacity-60"
    >
      {older.loading ? "Loading" : "More conversations"}
    </button>
  );
}

function RowBones() {
  return (
    <div role="status" aria-label="Loading conversations">
      {["a", "b", "c", "d", "e", "f"].map((key) => (
        <div
          key={key}
          className="grid grid-cols-[28px_1fr_40px] gap-x-2.5 gap-y-1.5 border-line border-b px-3.5 py-3"
        >
          <Bone className="row-span-2 size-7 rounded-full" />
          <Bone className="h-3.5 w-28" />
          <Bone className="h-3" />
          <Bone className="h-3.5" />
        </div>
      ))}
    </div>
  );
}
