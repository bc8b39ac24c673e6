import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { SelectField, TextField } from "../ui/field";
import { complain, notify } from "../ui/notices";
import { FormProblem } from "./account-form";
import {
  type ChannelAccount,
  type ChannelKind,
  changeAccount,
  channelsQuery,
  type Rotation,
  rotateSecret,
  rotations,
} from "./channels";

type RotateProps = { account: ChannelAccount; kind: ChannelKind; onClose: () => void };

/** Take up a new secret while requests signed with the old one are still good. */
export function RotateSecrets({ account, kind, onClose }: RotateProps) {
  const pairs = rotations(kind);
  const [name, setName] = useState(pairs[0]?.current.name ?? "");
  const pair = pairs.find(({ current }) => current.name === name);
  return (
    <Dialog form title="Rotate a secret" onClose={onClose}>
      <div className="flex flex-col gap-4 p-4">
        <p className="text-ink-2">
          {kind.name} may go on signing with the old secret for a while, so both are good until you forget the
          old one.
        </p>
        {pairs.length > 1 && (
          <SelectField
            label="Which secret"
            value={name}
            choices={pairs.map(({ current }) => ({ value: current.name, title: current.label }))}
            onChange={setName}
          />
        )}
        {pair !== undefined && <Rotate key={name} account={account} pair={pair} onClose={onClose} />}
      </div>
    </Dialog>
  );
}

function Rotate({
  account,
  pair,
  onClose,
}: {
  account: ChannelAccount;
  pair: Rotation;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [next, setNext] = useState("");
  const { current, previous } = pair;
  const again = () => void queries.invalidateQueries({ queryKey: channelsQuery.queryKey });

  const rotate = useMutation({
    mutationFn: () => rotateSecret(account.id, current.name, next.trim()),
    onSuccess: () => {
      again();
      notify("The new secret is in use. The old one is good until you forget it.");
      onClose();
    },
  });
  const forget = useMutation({
    mutationFn: () => changeAccount(account.id, { fields: { [previous.name]: null } }),
    onSuccess: () => {
      again();
      notify("The old secret is forgotten.");
    },
    onError: (error) => complain(errorWords(error)),
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (next.trim() !== "" && !rotate.isPending) rotate.mutate();
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {account.secrets.includes(previous.name) && (
        <div className="flex items-center justify-between gap-3 rounded-1 bg-warn-soft px-3 py-2 text-warn">
          <span>The old secret is still good.</span>
          <Button disabled={forget.isPending} onClick={() => forget.mutate()}>
            Forget it
          </Button>
        </div>
      )}
      <TextField
        label={`New: ${current.label}`}
        type="password"
        autoComplete="off"
        autoFocus
        value={next}
        onChange={(event) => setNext(event.target.value)}
      />
      {rotate.isError && <FormProblem>{errorWords(rotate.error)}</FormProblem>}
      <footer className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" disabled={next.trim() === "" || rotate.isPending}>
          {rotate.isPending ? "Saving" : "Use the new one"}
        </Button>
      </footer>
    </form>
  );
}
