import {
  ArrowLeft,
  BadgeCheck,
  CircleCheck,
  ClipboardList,
  PanelRightClose,
  PanelRightOpen,
  RotateCcw,
  UserRound,
} from "lucide-react";
import { useShallow } from "zustand/shallow";
import type { PresentParticipant } from "@/wire/wire.gen";
import { channelName, plainWords } from "../format/words";
import { ChannelGlyph } from "../inbox/channel-glyph";
import { useConsole } from "../live/console-session";
import { useConversation } from "../live/use-session";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { Chip } from "../ui/chip";
import { useLastLabel } from "./use-last-label";
import { useMayWrite } from "./use-may-write";

type HeaderProps = {
  conversation: string;
  panelOpen: boolean;
  onPanel: () => void;
  onClosed: (closed: boolean) => void;
  onBack: () => void;
  summaryOpen: boolean;
  onSummary: () => void;
};

export function ConversationHeader(props: HeaderProps) {
  const { conversation, panelOpen, onPanel, onClosed, onBack, summaryOpen, onSummary } = props;
  const customer = useConversation(conversation, (held) => held.customer, null);
  const channel = useConversation(conversation, (held) => held.channel, null);
  const closed = useConversation(conversation, (held) => held.status === "closed", false);
  const intent = useLastLabel(conversation, "intent");
  const mayWrite = useMayWrite();
  return (
    <header className="flex min-h-12 items-center gap-2 border-line border-b px-4 py-2 max-[900px]:pl-2">
      <IconButton name="Back to the list" className="min-[901px]:hidden" onClick={onBack}>
        <ArrowLeft size={16} />
      </IconButton>
      <h2 className="min-w-8 truncate text-14 font-semibold">{customer?.name ?? "Visitor"}</h2>
      {customer?.verified ? (
        <Chip tone="ok">
          <BadgeCheck aria-hidden size={12} />
          verified
        </Chip>
      ) : (
        <Chip title="Who this is has not been proved">
          <UserRound aria-hidden size={12} />
          not verified
        </Chip>
      )}
      <span className="hidden items-center gap-2 @min-[580px]:flex">
        <Chip>
          <ChannelGlyph channel={channel ?? "web"} size={12} />
          {channelName(channel)}
        </Chip>
        {intent !== null && <Chip title="What the last question is about">{plainWords(intent)}</Chip>}
      </span>
      <span className="ml-auto" />
      <Viewers conversation={conversation} />
      <IconButton
        name="Summary (D)"
        data-testid="summary-button"
        aria-keyshortcuts="D"
        aria-expanded={summaryOpen}
        onClick={onSummary}
      >
        <ClipboardList size={16} />
      </IconButton>
      {mayWrite && (
        <Button
          kind="quiet"
          aria-keyshortcuts="E"
          title={closed ? "Reopen (E)" : "Close (E)"}
          onClick={() => onClosed(!closed)}
        >
          {closed ? <RotateCcw aria-hidden size={14} /> : <CircleCheck aria-hidden size={14} />}
          {closed ? "Reopen" : "Close"}
        </Button>
      )}
      <IconButton
        name={panelOpen ? "Fold the customer panel" : "Show the customer panel"}
        aria-expanded={panelOpen}
        aria-keyshortcuts="I"
        onClick={onPanel}
      >
        {panelOpen ? <PanelRightClose size={16} /> : <PanelRightOpen size={16} />}
      </IconButton>
    </header>
  );
}

const NOBODY: PresentParticipant[] = [];

/** Colleagues who have this conversation open as well. */
function Viewers({ conversation }: { conversation: string }) {
  const { me } = useConsole();
  const viewers = useConversation(
    conversation,
    useShallow((held) => held.presence.filter(({ kind, id }) => kind === "agent" && id !== me.id)),
    NOBODY,
  );
  if (viewers.length === 0) return null;
  return (
    <ul aria-label="Also here" className="flex -space-x-1">
      {viewers.map(({ id, name, state }) => (
        <li key={id} className={state === "away" ? "opacity-60" : ""}>
          <Avatar kind="other" name={name ?? "Agent"} title={`${name ?? "An agent"} is viewing`} />
        </li>
      ))}
    </ul>
  );
}
