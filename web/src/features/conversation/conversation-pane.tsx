import { MessageCircleQuestionMark } from "lucide-react";
import { type RefObject, useState } from "react";
import { useActions } from "../keyboard/actions";
import { useWatching } from "../live/use-session";
import { Bone, Empty } from "../ui/states";
import { Composer } from "./composer";
import { ControlBar } from "./control-bar";
import { ConversationHeader } from "./conversation-header";
import type { DraftKind } from "./drafts";
import { MessageList } from "./message-list";
import { ReadOnly } from "./read-only";
import { SummaryCard } from "./summary-card";
import { TemplatePicker } from "./template-picker";
import { useMayWrite } from "./use-may-write";
import { useRead } from "./use-read";

type PaneProps = {
  conversation: string;
  kind: DraftKind;
  onKind: (kind: DraftKind) => void;
  field: RefObject<HTMLTextAreaElement | null>;
  panelOpen: boolean;
  onPanel: () => void;
  onClosed: (closed: boolean) => void;
  /** To the list, where there is no room for both. */
  onBack: () => void;
};

/** One conversation: who it is with, who is in control, what was said, and the field to answer in. */
export function ConversationPane({
  conversation,
  kind,
  onKind,
  field,
  panelOpen,
  onPanel,
  onClosed,
  onBack,
}: PaneProps) {
  const watching = useWatching(conversation);
  const mayWrite = useMayWrite();
  const [summary, setSummary] = useState(false);
  useRead(conversation);
  useActions((action) => {
    if (action !== "conversation.summary") return false;
    setSummary(!summary);
    return true;
  });
  if (watching === "missing") {
    return (
      <section aria-label="Conversation" className="flex min-w-0 flex-1">
        <Empty icon={<MessageCircleQuestionMark size={18} />} title="This conversation is not there">
          It may have been removed, or it belongs to another shop.
        </Empty>
      </section>
    );
  }
  if (watching === "loading") return <PaneBones />;
  return (
    <section aria-label="Conversation" className="@container flex min-w-0 flex-1 flex-col">
      <ConversationHeader
        conversation={conversation}
        panelOpen={panelOpen}
        onPanel={onPanel}
        onClosed={onClosed}
        onBack={onBack}
        summaryOpen={summary}
        onSummary={() => setSummary(!summary)}
      />
      <ControlBar conversation={conversation} reopen={() => onClosed(false)} />
      {summary && <SummaryCard conversation={conversation} onClose={() => setSummary(false)} />}
      <MessageList conversation={conversation} />
      {mayWrite ? (
        <>
          <Composer conversation={conversation} kind={kind} onKind={onKind} field={field} />
          <TemplatePicker conversation={conversation} />
        </>
      ) : (
        <ReadOnly />
      )}
    </section>
  );
}

function PaneBones() {
  return (
    <section aria-label="Conversation" className="flex min-w-0 flex-1 flex-col">
      <div role="status" aria-label="Loading the conversation" className="flex flex-1 flex-col">
        <div className="flex min-h-12 items-center gap-2 border-line border-b px-4">
          <Bone className="h-4 w-32" />
          <Bone className="h-5 w-20" />
        </div>
        <Bone className="mx-4 mt-3 h-11 rounded-2" />
        <div className="flex flex-1 flex-col justify-end gap-3 p-4">
          <Bone className="h-10 w-3/5 rounded-3" />
          <Bone className="h-16 w-3/5 self-end rounded-3" />
          <Bone className="h-10 w-2/5 rounded-3" />
        </div>
        <Bone className="mx-4 mb-4 h-26 rounded-2" />
      </div>
    </section>
  );
}
