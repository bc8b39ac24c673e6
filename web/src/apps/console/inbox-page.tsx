import { MessagesSquare } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate, useParams } from "react-router";
import type { DraftKind } from "@/features/conversation/drafts";
import { ConversationList, type ListState } from "@/features/inbox/conversation-list";
import { useInbox, useInboxWatch } from "@/features/inbox/inbox";
import { matchRows, neighbour, type Order, type QueueName, queueRows } from "@/features/inbox/queue";
import { useFound } from "@/features/inbox/search";
import type { Summary } from "@/features/inbox/summary";
import { useActions } from "@/features/keyboard/actions";
import { useConsole } from "@/features/live/console-session";
import { KeyCaps } from "@/features/ui/key-caps";
import { Empty } from "@/features/ui/states";
import { OpenConversation } from "./open-conversation";
import { queueOf, queuePath } from "./paths";
import { usePanel } from "./use-panel";

const FIRST_ORDER: Record<QueueName, Order> = {
  mine: "latest",
  unassigned: "waiting",
  bot: "latest",
  all: "latest",
};

/** What the list shows: the queue's own rows, or what was looked for, those at hand first. */
function shownRows(rows: readonly Summary[], list: ListState, found: readonly Summary[]): readonly Summary[] {
  if (list.closed) return found;
  const matching = matchRows(rows, list.search);
  const ids = new Set(matching.map(({ id }) => id));
  return [...matching, ...found.filter(({ id }) => !ids.has(id))];
}

/** The rows of a queue as they were asked for; every queue begins unsearched in its own order. */
function useList(queue: QueueName) {
  const { me } = useConsole();
  const inbox = useInbox();
  const first = { search: "", order: FIRST_ORDER[queue], closed: false };
  const [state, setState] = useState<ListState & { queue: QueueName }>({ ...first, queue });
  const list = state.queue === queue ? state : { ...first, queue };
  const found = useFound(queue, list.search, list.closed ? "closed" : "open");
  const { search, order, closed } = list;
  const rows = useMemo(
    () => shownRows(queueRows(inbox, queue, me.id, order), { search, order, closed }, found.rows),
    [inbox, queue, me.id, search, order, closed, found.rows],
  );
  const change = (changes: Partial<ListState>) => setState({ ...list, ...changes });
  return { list, change, rows, found };
}

/** A queue, and the conversation that is open in it. */
export function InboxPage() {
  const parameters = useParams();
  const queue = queueOf(parameters.queue);
  const conversation = parameters.conversation ?? null;
  const navigate = useNavigate();

  const { list, change, rows, found } = useList(queue);
  const [marked, setMarked] = useState<string | null>(null);
  const [kind, setKind] = useState<DraftKind>("reply");
  const searchField = useRef<HTMLInputElement>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const panel = usePanel();
  const load = useInboxWatch(queue);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins with a reply
  useEffect(() => {
    setKind("reply");
    setMarked(null);
  }, [conversation]);

  function walk(step: 1 | -1): void {
    const next = neighbour(rows, marked ?? conversation, step);
    setMarked(next);
    if (next !== null)
      document.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(next)}"]`)?.focus();
  }

  useActions((action) => {
    if (action === "list.next") walk(1);
    else if (action === "list.previous") walk(-1);
    else if (action === "list.open" && marked !== null) void navigate(queuePath(queue, marked));
    else if (action === "list.search") searchField.current?.focus();
    else if (action === "panel.toggle") panel.toggle();
    else return false;
    return true;
  });

  return (
    <main className="flex min-w-0 flex-1">
      <h1 className="sr-only">Conversations</h1>
      <ConversationList
        queue={queue}
        rows={rows}
        open={conversation}
        marked={marked}
        state={list}
        onState={change}
        onMark={setMarked}
        load={load}
        found={found}
        searchField={searchField}
      />
      {conversation === null ? (
        <NothingOpen />
      ) : (
        <OpenConversation
          key={conversation}
          conversation={conversation}
          kind={kind}
          onKind={setKind}
          field={composer}
          panel={panel}
          onBack={() => void navigate(queuePath(queue))}
        />
      )}
    </main>
  );
}

function NothingOpen() {
  return (
    <div className="flex min-w-0 flex-1 max-[900px]:hidden">
      <Empty icon={<MessagesSquare size={18} />} title="No conversation is open">
        Choose one from the list, or walk through it with <KeyCaps keys="J" /> and <KeyCaps keys="K" />.
      </Empty>
    </div>
  );
}
