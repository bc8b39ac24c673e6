import { useQuery } from "@tanstack/react-query";
import { Plug } from "lucide-react";
import { useState } from "react";
import { ChannelGlyph } from "../inbox/channel-glyph";
import { errorWords } from "../rest/client";
import { SettingsBones, SettingsCard, SettingsPage } from "../settings/settings-layout";
import { Button } from "../ui/button";
import { Empty, Failed } from "../ui/states";
import { AccountCard } from "./account-card";
import { accountState, type ChannelKind, type Channels, channelsQuery } from "./channels";
import { ConnectWizard } from "./connect-wizard";
import { guideOf } from "./guides";

/** The shop's accounts at vendors: what is connected, how it fares, and what could be. */
export function ChannelsPage() {
  const query = useQuery(channelsQuery);
  return (
    <SettingsPage
      title="Channels"
      intro="Customers write where they already are; every message lands in the same inbox. The chat on your website is always there."
    >
      {query.isPending && <SettingsBones label="Loading the channels" />}
      {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
      {query.data !== undefined && <Overview channels={query.data} />}
    </SettingsPage>
  );
}

function Overview({ channels }: { channels: Channels }) {
  const [connecting, setConnecting] = useState<ChannelKind | null>(null);
  const kept = channels.accounts.filter((account) => accountState(account) !== "gone");
  return (
    <>
      {kept.length === 0 ? (
        <section className="rounded-2 border border-line border-dashed bg-raised">
          <Empty icon={<Plug size={18} />} title="No channel is connected yet">
            Choose one below. You need its keys at hand; the next page says where to find them.
          </Empty>
        </section>
      ) : (
        <ul aria-label="Connected accounts" className="flex flex-col gap-3">
          {kept.map((account) => {
            const kind = channels.kinds.find((one) => one.kind === account.kind);
            return kind === undefined ? null : (
              <li key={account.id}>
                <AccountCard account={account} kind={kind} />
              </li>
            );
          })}
        </ul>
      )}
      <SettingsCard title="Connect a channel" hint="Keys are encrypted and never shown again.">
        <ul className="grid gap-3 sm:grid-cols-2">
          {channels.kinds.map((kind) => (
            <li
              key={kind.kind}
              className="flex flex-col items-start gap-2 rounded-2 border border-line bg-bg p-3"
            >
              <p className="flex items-center gap-2 font-medium">
                <span className="grid size-7 place-items-center rounded-1 bg-sunk text-ink-2">
                  <ChannelGlyph channel={kind.kind} size={15} />
                </span>
                {kind.name}
              </p>
              <p className="flex-1 text-ink-2">{guideOf(kind.kind).about}</p>
              <Button data-testid={`connect-${kind.kind}`} onClick={() => setConnecting(kind)}>
                Connect
                <span className="sr-only"> {kind.name}</span>
              </Button>
            </li>
          ))}
        </ul>
      </SettingsCard>
      {connecting !== null && <ConnectWizard kind={connecting} onClose={() => setConnecting(null)} />}
    </>
  );
}
