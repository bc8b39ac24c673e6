import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, UserPlus, UserRoundX } from "lucide-react";
import { useState } from "react";
import { ROLES } from "../auth/rights";
import { titleWords } from "../format/words";
import { useConsole } from "../live/console-session";
import { errorWords } from "../rest/client";
import { SettingsBones, SettingsCard, SettingsPage } from "../settings/settings-layout";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { Chip } from "../ui/chip";
import { complain, notify } from "../ui/notices";
import { Failed } from "../ui/states";
import { type StaffUser, setActive, setRole, teamQuery } from "./team";
import { InviteDialog, ResetDialog } from "./user-dialog";

/** Who may sign in, and as what. */
export function TeamPage() {
  const query = useQuery(teamQuery);
  const [dialog, setDialog] = useState<StaffUser | "new" | null>(null);
  return (
    <SettingsPage
      title="Team"
      intro="Who may sign in, and what they may do. Whoever is deactivated is signed out everywhere at once."
      actions={
        <Button kind="primary" data-testid="add-user" onClick={() => setDialog("new")}>
          <UserPlus aria-hidden size={14} />
          Add a colleague
        </Button>
      }
    >
      {query.isPending && <SettingsBones label="Loading the team" />}
      {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
      {query.data !== undefined && (
        <SettingsCard title="People">
          <ul className="-m-4 divide-y divide-line">
            {query.data.map((user) => (
              <Person key={user.id} user={user} onPassword={() => setDialog(user)} />
            ))}
          </ul>
        </SettingsCard>
      )}
      <SettingsCard title="Roles">
        <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[max-content_1fr]">
          {ROLES.map(({ value, title, hint }) => (
            <div key={value} className="contents">
              <dt className="font-medium">{title}</dt>
              <dd className="text-ink-2 max-sm:-mt-2">{hint}</dd>
            </div>
          ))}
        </dl>
      </SettingsCard>
      {dialog === "new" && <InviteDialog onClose={() => setDialog(null)} />}
      {dialog !== null && dialog !== "new" && <ResetDialog user={dialog} onClose={() => setDialog(null)} />}
    </SettingsPage>
  );
}

function Person({ user, onPassword }: { user: StaffUser; onPassword: () => void }) {
  const { me } = useConsole();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (active: boolean) => setActive(user.id, active),
    onSuccess: (_, active) => {
      void queries.invalidateQueries({ queryKey: teamQuery.queryKey });
      notify(active ? `${user.name} may sign in again.` : `${user.name} is signed out everywhere.`, () =>
        change.mutate(!active),
      );
    },
    onError: (error) => complain(errorWords(error)),
  });
  const role = useMutation({
    mutationFn: ({ next }: { next: string; before: string }) => setRole(user.id, next),
    onSuccess: (_, { next, before }) => {
      void queries.invalidateQueries({ queryKey: teamQuery.queryKey });
      notify(`${user.name} is ${next} now, and has to sign in again.`, () =>
        role.mutate({ next: before, before: next }),
      );
    },
    onError: (error) => complain(errorWords(error)),
  });
  const self = user.id === me.id;
  return (
    <li
      data-testid="person"
      className={`flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 ${user.active ? "" : "bg-sub"}`}
    >
      <Avatar kind={user.active ? "agent" : "customer"} size="large" name={user.name} />
      <div className="min-w-40 flex-1">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {user.name}
          {self && <Chip>you</Chip>}
          {!user.active && (
            <Chip tone="warn">
              <UserRoundX aria-hidden size={12} />
              deactivated
            </Chip>
          )}
        </p>
        <p className="truncate text-ink-2" title={user.email}>
          {user.email}
        </p>
      </div>
      {self ? (
        <Chip tone="brand">{titleWords(user.role)}</Chip>
      ) : (
        <div className="flex items-center gap-3 max-sm:w-full max-sm:pl-11">
          <select
            aria-label={`Role of ${user.name}`}
            value={user.role}
            disabled={role.isPending}
            onChange={(event) => role.mutate({ next: event.target.value, before: user.role })}
            className="h-7 rounded-1 border border-line-strong bg-bg px-2 hover:border-ink-3"
          >
            {ROLES.map(({ value, title }) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
          <IconButton name={`New password for ${user.name}`} onClick={onPassword}>
            <KeyRound size={15} />
          </IconButton>
          <Button disabled={change.isPending} onClick={() => change.mutate(!user.active)}>
            {user.active ? "Deactivate" : "Activate"}
          </Button>
        </div>
      )}
    </li>
  );
}
