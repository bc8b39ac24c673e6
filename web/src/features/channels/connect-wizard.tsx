import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, Check } from "lucide-react";
import { type FormEvent, useState } from "react";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { AccountFields, FormProblem } from "./account-form";
import {
  type ChannelAccount,
  type ChannelKind,
  channelsQuery,
  connectAccount,
  formFields,
  missingFields,
  waysIn,
} from "./channels";
import { FirstEvent } from "./first-event";
import { guideOf } from "./guides";
import { ShopifyInstall } from "./shopify-install";
import { VendorSignIn } from "./vendor-sign-in";
import { WebhookAddress } from "./webhook-address";

const STEPS = ["Keys", "Address and test"];

type Connected = { account: ChannelAccount; verifyToken: string | null; at: string };

/** From a vendor's keys to the first event that arrives. */
export function ConnectWizard({ kind, onClose }: { kind: ChannelKind; onClose: () => void }) {
  const [connected, setConnected] = useState<Connected | null>(null);
  return (
    <Dialog form title={`Connect ${kind.name}`} onClose={onClose}>
      <Steps at={connected === null ? 0 : 1} />
      {connected === null ? (
        <Keys kind={kind} onClose={onClose} onConnected={setConnected} />
      ) : (
        <Finish kind={kind} connected={connected} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Steps({ at }: { at: number }) {
  return (
    <ol className="flex gap-4 border-line border-b bg-sub px-4 py-2 text-12">
      {STEPS.map((step, index) => (
        <li
          key={step}
          aria-current={index === at ? "step" : undefined}
          className={`flex items-center gap-1.5 ${index === at ? "font-medium text-ink" : "text-ink-3"}`}
        >
          <span
            aria-hidden
            className={`grid size-4.5 place-items-center rounded-full text-[11px] ${index <= at ? "bg-brand text-brand-ink" : "bg-sunk"}`}
          >
            {index < at ? <Check size={11} /> : index + 1}
          </span>
          {step}
        </li>
      ))}
    </ol>
  );
}

function Numbered({ lines }: { lines: readonly string[] }) {
  return (
    <ol className="list-decimal pl-5 text-ink-2 marker:text-ink-3">
      {lines.map((line) => (
        <li key={line} className="py-0.5 pl-1">
          {line}
        </li>
      ))}
    </ol>
  );
}

type KeysProps = { kind: ChannelKind; onClose: () => void; onConnected: (connected: Connected) => void };

function Keys({ kind, onClose, onConnected }: KeysProps) {
  const queries = useQueryClient();
  const guide = guideOf(kind.kind);
  const ways = waysIn(kind);
  const fields = formFields(kind);
  const [values, setValues] = useState<Record<string, string>>({});
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const missing = missingFields(fields, values);

  const connect = useMutation({
    mutationFn: () => {
      const given = Object.entries(values).flatMap(([key, value]) =>
        value.trim() === "" ? [] : [[key, value.trim()] as const],
      );
      return connectAccount(kind.kind, Object.fromEntries(given), name.trim());
    },
    onSuccess: (account) => {
      void queries.invalidateQueries({ queryKey: channelsQuery.queryKey });
      const at = new Date(Date.now() - 1000).toISOString();
      onConnected({ account, verifyToken: values.verify_token?.trim() || null, at });
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (missing.length === 0 && !connect.isPending) connect.mutate();
  }

  return (
    <div className="flex flex-col gap-4 p-4">
      {kind.kind === "shopify" && <ShopifyInstall />}
      {ways.map((way) => (
        <VendorSignIn key={way.at} way={way} />
      ))}
      {(kind.kind === "shopify" || ways.length > 0) && (
        <p className="flex items-center gap-3 text-12 text-ink-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          or with the keys of an app of your own
        </p>
      )}
      <form onSubmit={submit} noValidate className="flex flex-col gap-4" data-testid="connect-form">
        <Numbered lines={guide.find} />
        <AccountFields
          fields={fields}
          guide={guide}
          values={values}
          missing={tried ? missing : []}
          onChange={(key, value) => setValues((before) => ({ ...before, [key]: value }))}
        />
        <TextField
          optional
          label="Name in the console"
          value={name}
          placeholder={kind.name}
          onChange={(event) => setName(event.target.value)}
        />
        {connect.isError && <FormProblem>{errorWords(connect.error)}</FormProblem>}
        <footer className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" data-testid="connect" disabled={connect.isPending}>
            {connect.isPending ? "Connecting" : "Connect"}
            <ArrowRight aria-hidden size={14} />
          </Button>
        </footer>
      </form>
    </div>
  );
}

type FinishProps = { kind: ChannelKind; connected: Connected; onClose: () => void };

function Finish({ kind, connected, onClose }: FinishProps) {
  return (
    <div className="flex flex-col gap-4 p-4" data-testid="connect-finish">
      <Numbered lines={guideOf(kind.kind).finish} />
      <WebhookAddress kind={kind} verifyToken={connected.verifyToken} />
      <FirstEvent kind={kind.kind} account={connected.account.id} since={connected.at} />
      <footer className="flex justify-end">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </footer>
    </div>
  );
}
