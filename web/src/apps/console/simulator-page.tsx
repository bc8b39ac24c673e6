import { useQuery } from "@tanstack/react-query";
import { FlaskConical, MessagesSquare } from "lucide-react";
import { useRef, useState } from "react";
import { Link, useParams } from "react-router";
import type { DraftKind } from "@/features/conversation/drafts";
import { channelName } from "@/features/format/words";
import { ChannelGlyph } from "@/features/inbox/channel-glyph";
import { useInbox, useInboxWatch } from "@/features/inbox/inbox";
import { useConsole } from "@/features/live/console-session";
import { errorWords } from "@/features/rest/client";
import { FaultSwitches } from "@/features/simulator/fault-switches";
import { Phone } from "@/features/simulator/phone";
import { inboxChannel, latestOn, type Simulators, simulatorsQuery } from "@/features/simulator/simulator";
import { Storefront } from "@/features/simulator/storefront";
import { Bone, Empty, Failed } from "@/features/ui/states";
import { OpenConversation } from "./open-conversation";
import { SIMULATOR } from "./paths";

const LOOK_EVERY_MS = 1500;

/** The demo: a customer's phone on every channel, beside the console that answers. */
export function SimulatorPage() {
  const { kind } = useParams();
  const { me } = useConsole();
  const query = useQuery({ ...simulatorsQuery, enabled: me.demo, refetchInterval: LOOK_EVERY_MS });
  if (!me.demo) {
    return (
      <main className="flex min-w-0 flex-1">
        <Empty icon={<FlaskConical size={18} />} title="The simulator is part of the demo">
          Start the server with --demo to play customers on every channel.
        </Empty>
      </main>
    );
  }
  if (query.isPending) return <Bones />;
  if (query.isError) {
    return (
      <main className="flex min-w-0 flex-1">
        <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />
      </main>
    );
  }
  return <Stage simulators={query.data} kind={kind ?? query.data.channels[0]?.kind ?? "whatsapp"} />;
}

function Stage({ simulators, kind }: { simulators: Simulators; kind: string }) {
  const [people, setPeople] = useState<Record<string, string>>({});
  const [side, setSide] = useState<"phone" | "console">("phone");
  const channel = simulators.channels.find((one) => one.kind === kind);
  return (
    <main className="flex min-w-0 flex-1 flex-col bg-sub md:flex-row">
      <section
        aria-label="Customer"
        className="flex min-h-0 flex-col gap-3 border-line p-3 max-md:contents md:w-92 md:shrink-0 md:border-r md:p-4"
      >
        <header className="flex shrink-0 flex-col gap-2 max-md:p-3 max-md:pb-0">
          <h1 className="text-14 font-semibold">Play a customer</h1>
          <Channels simulators={simulators} kind={kind} />
          <Sides side={side} onSide={setSide} />
        </header>
        <div
          className={`flex min-h-0 flex-1 flex-col gap-3 max-md:p-3 ${side === "phone" ? "" : "max-md:hidden"}`}
        >
          {kind === "shopify" ? (
            <Storefront />
          ) : channel === undefined ? (
            <p className="text-ink-2">There is no such channel to play on.</p>
          ) : (
            <>
              <Phone
                key={kind}
                channel={channel}
                person={people[kind] ?? null}
                onPerson={(person) => setPeople((before) => ({ ...before, [kind]: person }))}
              />
              <FaultSwitches channel={channel} faults={simulators.faults} />
            </>
          )}
        </div>
      </section>
      <div className={`flex min-h-0 min-w-0 flex-1 bg-bg ${side === "console" ? "" : "max-md:hidden"}`}>
        <Beside kind={kind} onBack={() => setSide("phone")} />
      </div>
    </main>
  );
}

function Channels({ simulators, kind }: { simulators: Simulators; kind: string }) {
  return (
    <nav aria-label="Channels" className="grid auto-cols-fr grid-flow-col gap-0.5">
      {simulators.channels.map((one) => (
        <Link
          key={one.kind}
          to={`${SIMULATOR}/${one.kind}`}
          data-testid={`play-${one.kind}`}
          aria-current={one.kind === kind ? "page" : undefined}
          className={`flex flex-col items-center gap-0.5 min-w-0 rounded-1 px-0.5 py-1.5 text-[11px] transition-colors ${one.kind === kind ? "bg-brand-soft font-medium text-brand" : "text-ink-2 hover:bg-sunk hover:text-ink"}`}
        >
          <span aria-hidden>
            <ChannelGlyph channel={one.kind} size={14} />
          </span>
          {channelName(one.kind)}
        </Link>
      ))}
    </nav>
  );
}

/** On narrow screens phone and console take turns. */
function Sides({ side, onSide }: { side: "phone" | "console"; onSide: (side: "phone" | "console") => void }) {
  return (
    <fieldset aria-label="Show" className="flex rounded-1 border border-line bg-bg p-0.5 md:hidden">
      {(["phone", "console"] as const).map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={side === name}
          onClick={() => onSide(name)}
          className="flex-1 rounded-1 px-3 py-1 text-ink-2 aria-pressed:bg-brand-soft aria-pressed:font-medium aria-pressed:text-brand"
        >
          {name === "phone" ? "Phone" : "Console"}
        </button>
      ))}
    </fieldset>
  );
}

/** The console's side of the channel: the conversation in which something happened last. */
function Beside({ kind, onBack }: { kind: string; onBack: () => void }) {
  useInboxWatch("all");
  const conversation = latestOn(inboxChannel(kind), useInbox())?.id ?? null;
  const [draft, setDraft] = useState<DraftKind>("reply");
  const [panelOpen, setPanelOpen] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  if (conversation === null) {
    return (
      <div className="flex min-w-0 flex-1">
        <Empty icon={<MessagesSquare size={18} />} title="No conversation yet">
          Write on the phone as a customer. The conversation opens here, as your team sees it.
        </Empty>
      </div>
    );
  }
  return (
    <OpenConversation
      key={conversation}
      conversation={conversation}
      kind={draft}
      onKind={setDraft}
      field={field}
      panel={{ open: panelOpen, toggle: () => setPanelOpen(!panelOpen) }}
      onBack={onBack}
    />
  );
}

function Bones() {
  return (
    <main role="status" aria-label="Loading the simulator" className="flex min-w-0 flex-1 gap-4 bg-sub p-4">
      <Bone className="h-full w-84 rounded-3" />
      <Bone className="h-full flex-1 rounded-2 max-md:hidden" />
    </main>
  );
}
