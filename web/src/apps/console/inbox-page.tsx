import { MessagesSquare } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate, useOutletContext, useParams } from "react-router";
import { handBack, setClosed, takeOver } from "@/features/conversation/control-store";
import { ConversationPane } from "@/features/conversation/conversation-pane";
import type { DraftKind } from "@/features/conversation/drafts";
import { useControl } from "@/features/conversation/use-control";
import { useLastLabel } from "@/features/conversation/use-last-label";
import { CustomerPanel } from "@/features/customer/customer-panel";
import { ConversationList, type ListState } from "@/features/inbox/conversation-list";
import { useInbox, useInboxWatch } from "@/features/inbox/inbox";
import { matchRows, neighbour, type Order, type QueueName, queueRows } from "@/features/inbox/queue";
import { type Found, useFound } from "@/features/inbox/search";
import type { Summary } from "@/features/inbox/summary";
import { useActions } from "@/features/keyboard/actions";
import { useConsole } from "@/features/live/console-session";
import { useConversation } from "@/features/live/use-session";
import { KeyCaps } from "@/features/ui/key-caps";
import { Empty } from "@/features/ui/states";
import { queueOf, queuePath } from "./paths";
import type { ShellContext } from "./shell";
import { usePanel } from "./use-panel";

const FIRST_ORDER: Record<QueueName, Order> = {
  mine: "latest",
  unassigned: "waiting",
  bot: "latest",
  all: "latest",
};

/** What the list shows: the queue's own rows, or what was looked for, those at hand first. */
function shownRows(rows: readonly Summary[], list: ListState, found: Found): Summary[] {
  if (list.closed) return found.rows;
  const matching = matchRows(rows, list.search);
  const ids = new Set(matching.map(({ id }) => id));
  return [...matching, ...found.rows.filter(({ id }) => !ids.has(id))];
}

/** A queue, and the conversation that is open in it. */
export function InboxPage() {
  const parameters = useParams();
  const queue = queueOf(parameters.queue);
  const conversation = parameters.conversation ?? null;
  const navigate = useNavigate();
  const { me } = useConsole();
  const { notify } = useOutletContext<ShellContext>();

  const [list, setList] = useState<ListState>({ search: "", order: FIRST_ORDER[queue], closed: false });
  const [marked, setMarked] = useState<string | null>(null);
  const [kind, setKind] = useState<DraftKind>("reply");
  const searchField = useRef<HTMLInputElement>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const panel = usePanel();
  const load = useInboxWatch(queue);
  const inbox = useInbox();
  const found = useFound(list.search, list.closed ? "closed" : "open");
  const rows = useMemo(
    () => shownRows(queueRows(inbox, queue, me.id, list.order), list, found),
    [inbox, queue, me.id, list, found],
  );

  useEffect(() => setList({ search: "", order: FIRST_ORDER[queue], closed: false }), [queue]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins with a reply
  useEffect(() => {
    setKind("reply");
    setMarked(null);
  }, [conversation]);

  function write(next: DraftKind): void {
    setKind(next);
    // The field takes the focus once it shows the other kind.
    requestAnimationFrame(() => composer.current?.focus());
  }

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
    <>
      <ConversationList
        queue={queue}
        rows={rows}
        open={conversation}
        marked={marked}
        state={list}
        onState={(change) => setList((before) => ({ ...before, ...change }))}
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
          write={write}
          onKind={setKind}
          field={composer}
          panel={panel}
          notify={notify}
        />
      )}
    </>
  );
}

function NothingOpen() {
  return (
    <main className="flex min-w-0 flex-1">
      <Empty icon={<MessagesSquare size={18} />} title="No conversation is open">
        Choose one from the list, or walk through it with <KeyCaps keys="J" /> and <KeyCaps keys="K" />.
      </Empty>
    </main>
  );
}

type OpenProps = {
  conversation: string;
  kind: DraftKind;
  write: (kind: DraftKind) => void;
  onKind: (kind: DraftKind) => void;
  field: React.RefObject<HTMLTextAreaElement | null>;
  panel: ReturnType<typeof usePanel>;
  notify: ShellContext["notify"];
};

function OpenConversation(props: OpenProps) {
  const { conversation, kind, write, onKind, field, panel, notify } = props;
  const session = useConsole();
  const control = useControl(conversation);
  const customer = useConversation(conversation, (held) => held.customer?.id ?? null, null);
  const mood = useLastLabel(conversation, "sentiment");

  function close(closed: boolean): void {
    setClosed(session, conversation, closed).catch((error: Error) => notify(error.message));
  }

  useActions((action) => {
    if (action === "conversation.take") void (control.canTake && takeOver(session, conversation));
    else if (action === "conversation.release")
      void (control.canRelease && handBack(session, conversation, "bot"));
    else if (action === "conversation.reply") write("reply");
    else if (action === "conversation.note") write("note");
    else if (action === "conversation.close") close(control.shown !== "closed");
    else return false;
    return true;
  });

  return (
    <>
      <ConversationPane
        conversation={conversation}
        kind={kind}
        onKind={onKind}
        field={field}
        panelOpen={panel.open}
        onPanel={panel.toggle}
        onClosed={close}
      />
      {panel.open && customer !== null && (
        <CustomerPanel customer={customer} conversation={conversation} mood={mood} />
      )}
    </>
  );
}
