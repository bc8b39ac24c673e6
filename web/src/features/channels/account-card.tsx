import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CirclePause, KeyRound, Pencil, ScrollText, Trash2, TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { ChannelGlyph } from "../inbox/channel-glyph";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { Chip } from "../ui/chip";
import { ConfirmDialog } from "../ui/confirm-dialog";
import { complain, notify } from "../ui/notices";
import {
  accountTitle,
  type ChannelAccount,
  type ChannelKind,
  changeAccount,
  channelsQuery,
  disconnectAccount,
  logQuery,
  rotations,
} from "./channels";
import { EditAccount } from "./edit-account";
import { EventLog } from "./event-log";
import { type AccountHealth, healthQuery, STATE_WORDS } from "./health";
import { HealthPanel } from "./health-panel";
import { Reconcile } from "./reconcile";
import { isReconcilable } from "./reconciliation";
import { RotateSecrets } from "./rotate-secrets";
import { ShopifySync } from "./shopify-sync";

type Overlay = "edit" | "rotate" | "disconnect" | null;

type CardProps = { account: ChannelAccount; kind: ChannelKind };

/** An account: what it is, how it fares, and what can be done about it. */
export function AccountCard({ account, kind }: CardProps) {
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [showLog, setShowLog] = useState(false);
  const log = useQuery({ ...logQuery(account.kind), enabled: showLog });
  const health = useQuery({ ...healthQuery(account.id), enabled: account.active });
  const entries = log.data?.filter((entry) => entry.account === account.id);
  const close = () => setOverlay(null);
  return (
    <article
      data-testid="account"
      data-kind={account.kind}
      className="rounded-2 border border-line bg-raised"
      aria-label={`${kind.name}: ${accountTitle(account)}`}
    >
      <div className="flex flex-wrap items-start gap-x-3 gap-y-2 p-4">
        <span className="grid size-9 shrink-0 place-items-center rounded-2 bg-sunk text-ink-2">
          <ChannelGlyph channel={account.kind} size={18} />
        </span>
        <div className="min-w-40 flex-1">
          <h2 className="flex flex-wrap items-center gap-2 text-14 font-semibold">
            <span className="min-w-0 truncate">{accountTitle(account)}</span>
            <State account={account} health={health.data} />
          </h2>
          <p className="break-all text-ink-2">
            {[kind.name, account.name === "" ? null : account.external_id].filter(Boolean).join(" · ")}
          </p>
        </div>
        <Power account={account} />
      </div>
      {account.active && <HealthPanel query={health} />}
      {account.active && health.data !== undefined && isReconcilable(health.data) && (
        <Reconcile account={account.id} />
      )}
      {account.active && account.kind === "shopify" && <ShopifySync account={account.id} />}
      <footer className="flex flex-wrap gap-1 border-line border-t px-3 py-1.5">
        <Act icon={<Pencil aria-hidden size={14} />} onClick={() => setOverlay("edit")}>
          Keys and address
        </Act>
        {rotations(kind).length > 0 && (
          <Act icon={<KeyRound aria-hidden size={14} />} onClick={() => setOverlay("rotate")}>
            Rotate secret
          </Act>
        )}
        <Act
          icon={<ScrollText aria-hidden size={14} />}
          expanded={showLog}
          onClick={() => setShowLog(!showLog)}
        >
          Events
        </Act>
        <span className="flex-1" />
        <Act icon={<Trash2 aria-hidden size={14} />} onClick={() => setOverlay("disconnect")}>
          Disconnect
        </Act>
      </footer>
      {showLog && <EventLog query={log} entries={entries} />}
      {overlay === "edit" && <EditAccount account={account} kind={kind} onClose={close} />}
      {overlay === "rotate" && <RotateSecrets account={account} kind={kind} onClose={close} />}
      {overlay === "disconnect" && <Disconnect account={account} kind={kind} onClose={close} />}
    </article>
  );
}

type ActProps = { icon: ReactNode; expanded?: boolean; onClick: () => void; children: ReactNode };

function Act({ icon, expanded, onClick, children }: ActProps) {
  return (
    <Button kind="quiet" className="px-2" aria-expanded={expanded} onClick={onClick}>
      {icon}
      {children}
    </Button>
  );
}

function State({ account, health }: { account: ChannelAccount; health: AccountHealth | undefined }) {
  if (!account.active) {
    return (
      <Chip>
        <CirclePause aria-hidden size={12} />
        switched off
      </Chip>
    );
  }
  const known = account.problem ? "broken" : health?.state;
  if (known === undefined) return null;
  const { words, tone } = STATE_WORDS[known];
  const Icon = known === "ok" ? CircleCheck : TriangleAlert;
  return (
    <Chip tone={tone}>
      <Icon aria-hidden size={12} />
      {words}
    </Chip>
  );
}

/** On and off by one click, and back by another: the keys stay. */
function Power({ account }: { account: ChannelAccount }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (active: boolean) => changeAccount(account.id, { active }),
    onSuccess: (_, active) => {
      void queries.invalidateQueries({ queryKey: channelsQuery.queryKey });
      notify(`${accountTitle(account)} is switched ${active ? "on" : "off"}.`, () => change.mutate(!active));
    },
    onError: (error) => complain(errorWords(error)),
  });
  return (
    <Button data-testid="power" disabled={change.isPending} onClick={() => change.mutate(!account.active)}>
      {account.active ? "Switch off" : "Switch on"}
    </Button>
  );
}

function Disconnect({ account, kind, onClose }: CardProps & { onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <ConfirmDialog
      title={`Disconnect ${accountTitle(account)}?`}
      verb="Disconnect and forget the keys"
      act={async () => {
        await disconnectAccount(account.id);
        await queries.invalidateQueries({ queryKey: channelsQuery.queryKey });
        notify(`${accountTitle(account)} is disconnected.`);
      }}
      onClose={onClose}
    >
      <p>
        Nothing comes in from {kind.name} any more and nothing goes out. The conversations stay. The keys are
        forgotten: to connect it again you will need them.
      </p>
      {account.active && <p>To stop for a while, switch it off instead; that can be undone by one click.</p>}
    </ConfirmDialog>
  );
}
