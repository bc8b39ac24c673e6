import { CircleCheck, Hand, Inbox, Lock, Sparkle, TriangleAlert, X } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { runningReply } from "@/shared/session/state";
import { useConsole } from "../live/console-session";
import { useConversation } from "../live/use-session";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { KeyCaps } from "../ui/key-caps";
import type { ControlView } from "./control";
import { dismissRefusal, handBack, takeOver } from "./control-store";
import { RunningTokens } from "./running-tokens";
import { useControl } from "./use-control";
import { useMayWrite } from "./use-may-write";

const LOOK: Record<ControlView["shown"], string> = {
  bot: "bg-bot-soft text-bot",
  you: "bg-brand-soft text-brand",
  other: "bg-warn-soft text-warn",
  queue: "bg-warn-soft text-warn",
  closed: "bg-sunk text-ink-2",
};

const CONTROLLER = { bot: "bot", you: "agent", other: "agent", queue: "queue", closed: "closed" };

/** Who may speak, and the way to change it. */
export function ControlBar({ conversation, reopen }: { conversation: string; reopen: () => void }) {
  const control = useControl(conversation);
  const mayWrite = useMayWrite();
  return (
    <section aria-label="Control" className="mx-4 mt-3 flex flex-col gap-2">
      <div
        data-testid="control-bar"
        data-controller={CONTROLLER[control.shown]}
        data-holder={control.shown === "you" ? "me" : (control.holder?.id ?? "")}
        data-pending={control.pending}
        className={`flex min-h-11 items-center gap-2.5 rounded-2 py-2 pr-2 pl-3 font-medium ${LOOK[control.shown]}`}
      >
        <div role="status" className="flex min-w-0 flex-1 items-center gap-2.5">
          <Statement conversation={conversation} control={control} />
        </div>
        {mayWrite && <Actions conversation={conversation} control={control} reopen={reopen} />}
      </div>
      {control.refusal !== null && <Refusal conversation={conversation} reason={control.refusal} />}
    </section>
  );
}

function Line({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <>
      <span className="shrink-0">{icon}</span>
      <span className="min-w-0 truncate">
        {title} {children}
      </span>
    </>
  );
}

function Detail({ children }: { children: string }) {
  return <span className="hidden font-normal text-ink-2 @min-[500px]:inline">· {children}</span>;
}

function Statement({ conversation, control }: { conversation: string; control: ControlView }) {
  const answering = useConversation(conversation, (held) => runningReply(held)?.state === "streaming", false);
  const waits = useConversation(conversation, (held) => held.assignee?.name ?? null, null);
  switch (control.shown) {
    case "bot":
      return answering ? (
        <Line icon={<Sparkle aria-hidden size={16} />} title="Assistant is answering">
          <RunningTokens conversation={conversation} />
        </Line>
      ) : (
        <Line icon={<Sparkle aria-hidden size={16} />} title="Assistant is in control">
          <Detail>answers by itself</Detail>
        </Line>
      );
    case "you":
      return (
        <Line icon={<CircleCheck aria-hidden size={16} />} title="You are in control">
          <Detail>{control.pending ? "telling the server" : "the assistant stays silent"}</Detail>
        </Line>
      );
    case "other": {
      const name = control.holder?.name || "Another agent";
      return (
        <Line icon={<Avatar kind="other" name={name} />} title={`${name} is in control`}>
          <Detail>notes reach them, replies are theirs</Detail>
        </Line>
      );
    }
    case "queue":
      return (
        <Line icon={<Inbox aria-hidden size={16} />} title="Waiting for a person">
          <Detail>{waits === null ? "nobody has it yet" : `given to ${waits}`}</Detail>
        </Line>
      );
    case "closed":
      return <Line icon={<Lock aria-hidden size={16} />} title="This conversation is closed" />;
  }
}

type ActionsProps = { conversation: string; control: ControlView; reopen: () => void };

function Actions({ conversation, control, reopen }: ActionsProps) {
  const session = useConsole();
  switch (control.shown) {
    case "bot":
    case "queue":
      return (
        <Button
          kind="primary"
          data-testid="take-over"
          aria-keyshortcuts="T"
          disabled={!control.canTake}
          onClick={() => void takeOver(session, conversation)}
        >
          <Hand aria-hidden size={14} />
          Take over <KeyCaps keys="T" inherit />
        </Button>
      );
    case "you":
      return (
        <>
          <Button
            kind="quiet"
            className="@max-[620px]:hidden"
            disabled={!control.canRelease}
            onClick={() => void handBack(session, conversation, "queue")}
          >
            To the queue
          </Button>
          <Button
            data-testid="hand-back"
            aria-keyshortcuts="H"
            disabled={!control.canRelease}
            onClick={() => void handBack(session, conversation, "bot")}
          >
            <Sparkle aria-hidden size={14} className="text-bot" />
            Hand back <KeyCaps keys="H" inherit />
          </Button>
        </>
      );
    case "closed":
      return (
        <Button aria-keyshortcuts="E" onClick={reopen}>
          Reopen <KeyCaps keys="E" inherit />
        </Button>
      );
    case "other":
      return null;
  }
}

/** The reason is read by then, and what it is about may have changed. */
const REFUSAL_MS = 10_000;

function Refusal({ conversation, reason }: { conversation: string; reason: string }) {
  useEffect(() => {
    const timer = setTimeout(() => dismissRefusal(conversation), REFUSAL_MS);
    return () => clearTimeout(timer);
  }, [conversation]);
  return (
    <div role="alert" className="flex items-center gap-2 rounded-2 bg-bad-soft py-1 pr-1 pl-3 text-bad">
      <TriangleAlert aria-hidden size={16} className="shrink-0" />
      <span className="flex-1">{reason}</span>
      <IconButton name="Dismiss" onClick={() => dismissRefusal(conversation)}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
