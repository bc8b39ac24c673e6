import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, Copy } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ROLES } from "../auth/rights";
import { useConsole } from "../live/console-session";
import { errorWords } from "../rest/client";
import { Button } from "../ui/button";
import { CopyField } from "../ui/copy-field";
import { Dialog } from "../ui/dialog";
import { SelectField, TextField } from "../ui/field";
import { complain, notify } from "../ui/notices";
import { invitation, inviteUser, type NewPassword, resetPassword, type StaffUser, teamQuery } from "./team";

const CHOICES = ROLES.map(({ value, title }) => ({ value, title }));

/** A new colleague, then the password to pass on. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("agent");
  const [tried, setTried] = useState(false);
  const invite = useMutation({
    mutationFn: () => inviteUser(name.trim(), email.trim(), role),
    onSuccess: () => queries.invalidateQueries({ queryKey: teamQuery.queryKey }),
  });
  const ready = name.trim() !== "" && /^\S+@\S+$/.test(email.trim());

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (ready && !invite.isPending) invite.mutate();
  }

  if (invite.data !== undefined) return <PassOn given={invite.data} onClose={onClose} />;
  return (
    <Dialog form title="Add a colleague" onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4 p-4">
        <div className="grid items-start gap-3 sm:grid-cols-2">
          <TextField
            label="Name"
            value={name}
            problem={tried && name.trim() === "" ? "Customers see this name." : null}
            hint="Customers see it when this colleague answers."
            onChange={(event) => setName(event.target.value)}
          />
          <TextField
            label="E-mail"
            type="email"
            autoComplete="off"
            value={email}
            problem={
              invite.isError
                ? errorWords(invite.error)
                : tried && !/^\S+@\S+$/.test(email.trim())
                  ? "An e-mail address, to sign in with."
                  : null
            }
            onChange={(event) => setEmail(event.target.value)}
          />
        </div>
        <SelectField
          label="Role"
          value={role}
          choices={CHOICES}
          hint={ROLES.find(({ value }) => value === role)?.hint}
          onChange={setRole}
        />
        <footer className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" data-testid="invite" disabled={invite.isPending}>
            {invite.isPending ? "Adding" : "Add"}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Asks before a colleague is signed out everywhere, then shows the new password. */
export function ResetDialog({ user, onClose }: { user: StaffUser; onClose: () => void }) {
  const reset = useMutation({ mutationFn: () => resetPassword(user.id) });
  if (reset.data !== undefined) return <PassOn given={reset.data} onClose={onClose} />;
  return (
    <Dialog title={`A new password for ${user.name}?`} onClose={onClose}>
      <div className="flex flex-col gap-4 p-4">
        <p className="text-ink-2">
          The password in use stops working, and {user.name} is signed out on every device at once.
        </p>
        {reset.isError && (
          <p role="alert" className="text-bad">
            {errorWords(reset.error)}
          </p>
        )}
        <footer className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="danger"
            data-testid="confirm"
            disabled={reset.isPending}
            onClick={() => reset.mutate()}
          >
            {reset.isPending ? "One moment" : "Make a new password"}
          </Button>
        </footer>
      </div>
    </Dialog>
  );
}

function PassOn({ given, onClose }: { given: NewPassword; onClose: () => void }) {
  const { me } = useConsole();
  const text = invitation(given, me.shop, `${location.origin}/console`);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      notify("Copied. Send it on a way that only your colleague reads.");
    } catch {
      complain("The browser does not let this page copy: take the password from the field.");
    }
  }

  return (
    <Dialog form title={given.user.name} onClose={onClose}>
      <div className="flex flex-col gap-4 p-4" data-testid="pass-on">
        <p className="flex gap-2 text-ink-2">
          <CircleCheck aria-hidden size={16} className="mt-0.5 shrink-0 text-ok" />
          {given.user.name} can sign in with this password. It is shown this once: pass it on now.
        </p>
        <CopyField label="E-mail" value={given.user.email} />
        <CopyField label="Password" value={given.password} />
        <footer className="flex flex-wrap justify-end gap-2">
          <Button onClick={() => void copy()}>
            <Copy aria-hidden size={14} />
            Copy as a message
          </Button>
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </footer>
      </div>
    </Dialog>
  );
}
