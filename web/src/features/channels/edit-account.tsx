import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { notify } from "../ui/notices";
import { AccountFields, FormProblem } from "./account-form";
import {
  accountTitle,
  type ChannelAccount,
  type ChannelKind,
  changeAccount,
  changedFields,
  channelsQuery,
  formFields,
  missingFields,
} from "./channels";
import { guideOf } from "./guides";
import { WebhookAddress } from "./webhook-address";

type EditProps = { account: ChannelAccount; kind: ChannelKind; onClose: () => void };

/** The address to give to the vendor, and the keys; a secret left empty stays as it is. */
export function EditAccount({ account, kind, onClose }: EditProps) {
  const queries = useQueryClient();
  const fields = formFields(kind);
  const [values, setValues] = useState<Record<string, string>>({ ...account.fields });
  const [name, setName] = useState(account.name);
  const [tried, setTried] = useState(false);
  const missing = missingFields(fields, values, account.secrets);
  const changes = changedFields(fields, account, values);

  const save = useMutation({
    mutationFn: () => changeAccount(account.id, { fields: changes, name: name.trim() }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: channelsQuery.queryKey });
      notify("Saved. It counts from the next message on.");
      onClose();
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (missing.length === 0 && !save.isPending) save.mutate();
  }

  return (
    <Dialog form title={accountTitle(account)} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4 p-4">
        <WebhookAddress kind={kind} verifyToken={null} />
        <hr className="border-line" />
        <TextField
          optional
          label="Name in the console"
          value={name}
          placeholder={account.external_id}
          onChange={(event) => setName(event.target.value)}
        />
        <AccountFields
          fields={fields}
          guide={guideOf(kind.kind)}
          values={values}
          kept={account.secrets}
          missing={tried ? missing : []}
          onChange={(key, value) => setValues((before) => ({ ...before, [key]: value }))}
        />
        {save.isError && <FormProblem>{errorWords(save.error)}</FormProblem>}
        <footer className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            kind="primary"
            disabled={save.isPending || (Object.keys(changes).length === 0 && name.trim() === account.name)}
          >
            {save.isPending ? "Saving" : "Save"}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
