import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { endSession } from "../auth/session";
import { titleWords } from "../format/words";
import { useConsole } from "../live/console-session";
import { errorWords, rest } from "../rest/client";
import { SettingsCard, SettingsPage } from "../settings/settings-layout";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { SessionsCard } from "./sessions-card";

/** The server's own limit. */
const FEWEST_CHARACTERS = 10;

/** The password of who is signed in, and where else they are. */
export function AccountPage() {
  const { me } = useConsole();
  return (
    <SettingsPage title="Your account" intro="Your password, and the devices you are signed in on.">
      <SettingsCard title="You">
        <div className="flex items-center gap-3">
          <Avatar kind="agent" size="large" name={me.name} />
          <div className="min-w-0">
            <p className="font-medium">{me.name}</p>
            <p className="truncate text-ink-2">
              {me.email} · {titleWords(me.role)}
            </p>
          </div>
        </div>
      </SettingsCard>
      <SettingsCard title="Password" hint="Changing it signs you out everywhere, here too.">
        <PasswordForm />
      </SettingsCard>
      <SessionsCard />
    </SettingsPage>
  );
}

function PasswordForm() {
  const { me } = useConsole();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const short = next.length < FEWEST_CHARACTERS;
  const differs = next !== again;
  const change = useMutation({
    mutationFn: () => rest("/api/auth/password/", { method: "POST", body: { current, new: next } }),
    onSuccess: () => endSession("Your password is changed. Sign in with the new one."),
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (!short && !differs && current !== "" && !change.isPending) change.mutate();
  }

  return (
    <form onSubmit={submit} noValidate className="flex max-w-90 flex-col gap-3">
      {/* Password managers learn from it whose password this is. */}
      <input type="hidden" name="username" autoComplete="username" value={me.email} readOnly />
      <TextField
        label="Password in use"
        type="password"
        autoComplete="current-password"
        value={current}
        problem={
          change.isError ? errorWords(change.error) : tried && current === "" ? "This is needed." : null
        }
        onChange={(event) => setCurrent(event.target.value)}
      />
      <TextField
        label="New password"
        type="password"
        autoComplete="new-password"
        hint={`At least ${FEWEST_CHARACTERS} characters. A few words are easier to keep in mind than signs.`}
        value={next}
        problem={tried && short ? `At least ${FEWEST_CHARACTERS} characters.` : null}
        onChange={(event) => setNext(event.target.value)}
      />
      <TextField
        label="New password, once more"
        type="password"
        autoComplete="new-password"
        value={again}
        problem={tried && differs ? "The two are not the same." : null}
        onChange={(event) => setAgain(event.target.value)}
      />
      <Button type="submit" kind="primary" className="self-start" disabled={change.isPending}>
        {change.isPending ? "Changing" : "Change the password"}
      </Button>
    </form>
  );
}
