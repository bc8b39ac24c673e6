import type { RefObject } from "react";
import { flushSync } from "react-dom";
import { replyGate } from "@/features/conversation/control";
import { handBack, setClosed, takeOver } from "@/features/conversation/control-store";
import { ConversationPane } from "@/features/conversation/conversation-pane";
import type { DraftKind } from "@/features/conversation/drafts";
import { askForSuggestion } from "@/features/conversation/suggestion-store";
import { useControl } from "@/features/conversation/use-control";
import { useLastLabel } from "@/features/conversation/use-last-label";
import { useMayWrite } from "@/features/conversation/use-may-write";
import { CustomerPanel } from "@/features/customer/customer-panel";
import { useActions } from "@/features/keyboard/actions";
import { useConsole } from "@/features/live/console-session";
import { useConversation } from "@/features/live/use-session";
import { complain } from "@/features/ui/notices";
import type { usePanel } from "./use-panel";

type OpenProps = {
  conversation: string;
  kind: DraftKind;
  onKind: (kind: DraftKind) => void;
  field: RefObject<HTMLTextAreaElement | null>;
  panel: ReturnType<typeof usePanel>;
  onBack: () => void;
};

/** The open conversation with its customer, and the keys that act on it. */
export function OpenConversation(props: OpenProps) {
  const { conversation, kind, onKind, field, panel, onBack } = props;
  const session = useConsole();
  const control = useControl(conversation);
  const mayWrite = useMayWrite();
  const customer = useConversation(conversation, (held) => held.customer?.id ?? null, null);
  const mood = useLastLabel(conversation, "sentiment");

  function close(closed: boolean): void {
    setClosed(session, conversation, closed).catch((error: Error) => complain(error.message));
  }

  function write(next: DraftKind): void {
    // At once: keys that follow in the same breath must find the field, not the shortcuts.
    flushSync(() => onKind(next));
    field.current?.focus();
  }

  function suggest(): void {
    write("reply");
    if (replyGate(control).open) void askForSuggestion(session, conversation);
  }

  useActions((action) => {
    if (!mayWrite) return false;
    if (action === "conversation.take") void (control.canTake && takeOver(session, conversation));
    else if (action === "conversation.release")
      void (control.canRelease && handBack(session, conversation, "bot"));
    else if (action === "conversation.reply") write("reply");
    else if (action === "conversation.note") write("note");
    else if (action === "conversation.suggest") suggest();
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
        onBack={onBack}
      />
      {panel.open && customer !== null && (
        <CustomerPanel customer={customer} conversation={conversation} mood={mood} onClose={panel.toggle} />
      )}
    </>
  );
}
