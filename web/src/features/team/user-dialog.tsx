import { useState } from "react";
import { ROLES } from "../auth/rights";
import { Button } from "../ui/button";
import { CopyField } from "../ui/copy-field";
import { Dialog } from "../ui/dialog";
import { SelectField, TextField } from "../ui/field";
import { type StaffUser, userCommand } from "./team";

type UserProps = { user: StaffUser | null; onClose: () => void };

/** Accounts are made and changed on the server, where nobody who only holds a browser's session can. */
export function UserDialog({ user, onClose }: UserProps) {
  const [email, setEmail] = useState(user?.email ?? "");
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState(user?.role ?? "agent");
  const ready = email.includes("@") && name.trim() !== "";
  return (
    <Dialog form title={user === null ? "Add a colleague" : user.name} onClose={onClose}>
      <div className="flex flex-col gap-4 p-4">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField label="Name" value={name} onChange={(event) => setName(event.target.value)} />
          <TextField
            label="E-mail"
            type="email"
            value={email}
            readOnly={user !== null}
            onChange={(event) => setEmail(event.target.value)}
          />
        </div>
        <SelectField
          label="Role"
          value={role}
          choices={ROLES.map(({ value, title }) => ({ value, title }))}
          hint={ROLES.find(({ value }) => value === role)?.hint}
          onChange={setRole}
        />
        {ready ? (
          <CopyField
            label="Run this on the server"
            value={userCommand(email, name, role)}
            hint={
              user === null
                ? "It waits for a password, then the colleague can sign in."
                : "It waits for a new password, and signs the colleague out everywhere."
            }
          />
        ) : (
          <p className="text-ink-3">With name and e-mail the command for the server stands here.</p>
        )}
        <footer className="flex justify-end">
          <Button onClick={onClose}>Done</Button>
        </footer>
      </div>
    </Dialog>
  );
}
