import { Search } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { ChannelGlyph } from "../inbox/channel-glyph";
import type { Summary } from "../inbox/summary";
import { Dialog } from "../ui/dialog";
import { KeyCaps } from "../ui/key-caps";
import { type Action, type Binding, matchBindings } from "./keymap";

type Entry = { kind: "action"; binding: Binding } | { kind: "conversation"; summary: Summary };

type PaletteProps = {
  /** Conversations that hold the words looked for. */
  find: (search: string) => readonly Summary[];
  onAction: (action: Action) => void;
  onConversation: (id: string) => void;
  onClose: () => void;
};

const CONVERSATIONS_SHOWN = 6;

function entriesFor(search: string, find: PaletteProps["find"]): Entry[] {
  const conversations = search.trim() === "" ? [] : find(search).slice(0, CONVERSATIONS_SHOWN);
  return [
    ...conversations.map((summary) => ({ kind: "conversation" as const, summary })),
    ...matchBindings(search)
      .filter(({ action }) => action !== "palette.open")
      .map((binding) => ({ kind: "action" as const, binding })),
  ];
}

function entryKey(entry: Entry): string {
  return entry.kind === "action" ? entry.binding.action : entry.summary.id;
}

/** Everything the console can do, by its name. */
export function Palette({ find, onAction, onConversation, onClose }: PaletteProps) {
  const [search, setSearch] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const entries = entriesFor(search, find);
  const current = Math.min(at, entries.length - 1);

  function choose(entry: Entry | undefined): void {
    if (entry === undefined) return;
    onClose();
    if (entry.kind === "action") onAction(entry.binding.action);
    else onConversation(entry.summary.id);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && entries.length > 0) setAt((current + step + entries.length) % entries.length);
    else if (event.key === "Enter") choose(entries[current]);
    else return;
    event.preventDefault();
  }

  return (
    <Dialog title="Command palette" bare onClose={onClose}>
      <div className="flex items-center gap-2 border-line border-b px-4">
        <Search aria-hidden size={16} className="text-ink-3" />
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={entries.length > 0 ? `${list}-${current}` : undefined}
          aria-label="Command or customer"
          placeholder="Command or customer"
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          className="h-11 flex-1 bg-transparent text-14 outline-none placeholder:text-ink-3"
        />
      </div>
      <Results list={list} entries={entries} current={current} onPoint={setAt} onChoose={choose} />
    </Dialog>
  );
}

type ResultsProps = {
  list: string;
  entries: readonly Entry[];
  current: number;
  onPoint: (index: number) => void;
  onChoose: (entry: Entry) => void;
};

function Results({ list, entries, current, onPoint, onChoose }: ResultsProps) {
  return (
    <div id={list} role="listbox" aria-label="Results" className="max-h-80 overflow-y-auto p-2">
      {entries.map((entry, index) => (
        <button
          key={entryKey(entry)}
          id={`${list}-${index}`}
          type="button"
          role="option"
          tabIndex={-1}
          aria-selected={index === current}
          onPointerMove={() => onPoint(index)}
          onClick={() => onChoose(entry)}
          className={`flex w-full items-center gap-3 rounded-1 px-2 py-2 text-left ${index === current ? "bg-brand-soft" : ""}`}
        >
          {entry.kind === "action" ? (
            <ActionEntry binding={entry.binding} />
          ) : (
            <FoundEntry summary={entry.summary} />
          )}
        </button>
      ))}
      {entries.length === 0 && <p className="px-2 py-6 text-center text-ink-2">Nothing goes by that name.</p>}
    </div>
  );
}

function ActionEntry({ binding }: { binding: Binding }) {
  return (
    <>
      <span className="flex-1">{binding.title}</span>
      <span className="text-12 text-ink-3">{binding.group}</span>
      <KeyCaps keys={binding.keys} />
    </>
  );
}

function FoundEntry({ summary }: { summary: Summary }) {
  return (
    <>
      <ChannelGlyph channel={summary.channel} size={14} />
      <span className="font-medium">{summary.customer.name}</span>
      <span className="flex-1 truncate text-ink-2">{summary.lastMessage?.text}</span>
    </>
  );
}
