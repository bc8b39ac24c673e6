import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { channelName } from "../format/words";
import { errorWords } from "../rest/client";
import { SettingsBones, SettingsCard, SettingsPage } from "../settings/settings-layout";
import { useLeaveGuard } from "../settings/use-leave-guard";
import { Button } from "../ui/button";
import { AreaField, RadioCards, SwitchField, TextField } from "../ui/field";
import { KeyCaps } from "../ui/key-caps";
import { complain, notify } from "../ui/notices";
import { Failed } from "../ui/states";
import {
  backwards,
  changeRules,
  discloses,
  draftChanges,
  draftOf,
  draftProblems,
  type Problems,
  type Rules,
  type RulesDraft,
  rulesQuery,
  withDisclosure,
} from "./rules";

/** The channels on which the bot answers outside the website. */
const DISCLOSING = ["whatsapp", "messenger", "instagram", "telegram"];

/** How conversations are handled. */
export function RulesPage() {
  const query = useQuery(rulesQuery);
  return (
    <SettingsPage
      title="Shop rules"
      intro="How conversations are handled. Changes count from the next message on."
    >
      {query.isPending && <SettingsBones label="Loading the rules" />}
      {query.isError && <Failed reason={errorWords(query.error)} retry={() => void query.refetch()} />}
      {query.data !== undefined && <RulesForm rules={query.data} />}
    </SettingsPage>
  );
}

type Change = (change: Partial<RulesDraft>) => void;
type PartProps = { draft: RulesDraft; problems: Problems; onChange: Change };

function useSaving() {
  const queries = useQueryClient();
  const take = (rules: Rules) => queries.setQueryData(rulesQuery.queryKey, rules);
  const back = useMutation({
    mutationFn: changeRules,
    onSuccess: (rules) => {
      take(rules);
      notify("The rules are as they were.");
    },
    onError: (error) => complain(errorWords(error)),
  });
  return useMutation({
    mutationFn: ({ change }: { change: Partial<Rules>; before: Rules }) => changeRules(change),
    onSuccess: (rules, { change, before }) => {
      take(rules);
      notify("The rules are saved.", () => back.mutate(backwards(change, before)));
    },
  });
}

function RulesForm({ rules }: { rules: Rules }) {
  const [draft, setDraft] = useState(() => draftOf(rules));
  const save = useSaving();
  const changes = draftChanges(draft, rules);
  const problems = draftProblems(draft);
  const dirty = Object.keys(changes).length > 0;
  const form = useRef<HTMLFormElement>(null);
  const onChange: Change = (change) => setDraft((before) => ({ ...before, ...change }));
  const parts = { draft, problems, onChange };

  // Saved here, taken back or changed by a colleague: the form shows what is in force.
  useEffect(() => setDraft(draftOf(rules)), [rules]);

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      form.current?.requestSubmit();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);

  const guard = useLeaveGuard(dirty && !save.isPending);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (dirty && Object.keys(problems).length === 0 && !save.isPending) {
      save.mutate({ change: changes, before: rules });
    }
  }

  return (
    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-5">
      <Assistant {...parts} />
      <HandOff {...parts} />
      <Disclosure {...parts} />
      <AfterIt {...parts} />
      {dirty && (
        <div
          role="status"
          data-testid="save-bar"
          className="sticky bottom-4 flex flex-wrap items-center gap-2 rounded-2 border border-line-strong bg-raised py-2 pr-2 pl-4 shadow-float"
        >
          <p className={`min-w-40 flex-1 ${save.isError ? "text-bad" : "font-medium"}`}>
            {save.isError ? errorWords(save.error) : "Changes are not saved yet."}
          </p>
          <Button kind="quiet" onClick={() => setDraft(draftOf(rules))}>
            Discard
          </Button>
          <Button
            type="submit"
            kind="primary"
            data-testid="save"
            aria-keyshortcuts="Control+S"
            disabled={save.isPending || Object.keys(problems).length > 0}
          >
            {save.isPending ? "Saving" : "Save"}
            <span className="max-md:hidden">
              <KeyCaps keys="Mod+S" inherit />
            </span>
          </Button>
        </div>
      )}
      {guard}
    </form>
  );
}

function Assistant({ draft, onChange }: PartProps) {
  return (
    <SettingsCard title="While the assistant answers">
      <RuleChoice
        legend="The customer writes on before the answer is done"
        name="double_texting"
        draft={draft}
        onChange={onChange}
        choices={{
          merge: ["Answer both together", "The running answer stops, and a new one covers both messages."],
          queue: ["One after the other", "The running answer is finished, then the new message is answered."],
        }}
      />
    </SettingsCard>
  );
}

function HandOff({ draft, problems, onChange }: PartProps) {
  return (
    <SettingsCard
      title="When a person is asked for"
      hint="The conversation waits in Unassigned until somebody takes it."
    >
      <div className="flex flex-col gap-4">
        <NumberField
          label="Nobody came for"
          unit="minutes"
          value={draft.handoff_minutes}
          problem={problems.handoff_minutes}
          onChange={(handoff_minutes) => onChange({ handoff_minutes })}
        />
        <RuleChoice
          legend="Then"
          name="handoff_timeout"
          draft={draft}
          onChange={onChange}
          choices={{
            resume: ["The assistant goes on", "The customer is told, and the assistant answers again."],
            tell: ["Go on waiting", "The customer is told, and the conversation stays in the queue."],
          }}
        />
        <AreaField
          label="What the customer is told"
          value={draft.handoff_timeout_text}
          problem={problems.handoff_timeout_text}
          onChange={(event) => onChange({ handoff_timeout_text: event.target.value })}
        />
      </div>
    </SettingsCard>
  );
}

function Disclosure({ draft, problems, onChange }: PartProps) {
  return (
    <SettingsCard
      title="Saying that an assistant answers"
      hint="On the website the chat's head says so. Elsewhere it is said in a message of its own."
    >
      <div className="flex flex-col gap-4">
        {DISCLOSING.map((channel) => (
          <SwitchField
            key={channel}
            label={channelName(channel)}
            on={discloses(draft.disclosure, channel)}
            onChange={(on) =>
              onChange({ disclosure: withDisclosure(draft.disclosure, DISCLOSING, channel, on) })
            }
          />
        ))}
        <p className="text-12 text-ink-3">
          Some places require it, the EU and California among them: think twice before you switch it off.
        </p>
        <AreaField
          label="What is said"
          value={draft.disclosure_text}
          problem={problems.disclosure_text}
          onChange={(event) => onChange({ disclosure_text: event.target.value })}
        />
        <NumberField
          label="Say it again after"
          unit="hours of silence"
          value={draft.gap_hours}
          problem={problems.gap_hours}
          onChange={(gap_hours) => onChange({ gap_hours })}
        />
      </div>
    </SettingsCard>
  );
}

function AfterIt({ draft, problems, onChange }: PartProps) {
  return (
    <SettingsCard title="When a conversation is closed">
      <div className="flex flex-col gap-4">
        <SwitchField
          label="Ask how it was"
          hint="The customer can give one to five stars in the chat."
          on={draft.ask_csat}
          onChange={(ask_csat) => onChange({ ask_csat })}
        />
        <NumberField
          label="A new message reopens it within"
          unit="hours"
          hint="Later, a new conversation begins."
          value={draft.reopen_hours}
          problem={problems.reopen_hours}
          onChange={(reopen_hours) => onChange({ reopen_hours })}
        />
      </div>
    </SettingsCard>
  );
}

type ChoiceProps<Name extends "double_texting" | "handoff_timeout"> = {
  legend: string;
  name: Name;
  draft: RulesDraft;
  onChange: Change;
  /** Title and hint of each value. */
  choices: Record<Rules[Name], readonly [string, string]>;
};

function RuleChoice<Name extends "double_texting" | "handoff_timeout">(props: ChoiceProps<Name>) {
  const { legend, name, draft, onChange, choices } = props;
  return (
    <RadioCards
      legend={legend}
      name={name}
      value={draft[name]}
      onChange={(value) => onChange({ [name]: value })}
      choices={Object.entries<readonly [string, string]>(choices).map(([value, [title, hint]]) => ({
        value,
        title,
        hint,
      }))}
    />
  );
}

type NumberProps = {
  label: string;
  unit: string;
  hint?: string;
  value: string;
  problem: string | undefined;
  onChange: (value: string) => void;
};

function NumberField({ label, unit, hint, value, problem, onChange }: NumberProps) {
  return (
    <TextField
      label={label}
      hint={hint}
      problem={problem}
      inputMode="decimal"
      value={value}
      className="max-w-24"
      end={<span className="self-center text-ink-2">{unit}</span>}
      onChange={(event) => onChange(event.target.value.replace(",", "."))}
    />
  );
}
