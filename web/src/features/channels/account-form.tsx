import { CircleAlert, Dices } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../ui/button";
import { SelectField, TextField } from "../ui/field";
import { type AccountField, randomToken } from "./channels";
import type { Guide } from "./guides";

/** Texts that are ours to choose, and have to be seen to be pasted elsewhere. */
const OURS: ReadonlySet<string> = new Set(["verify_token", "secret_token"]);

type FormProps = {
  fields: readonly AccountField[];
  guide: Guide;
  values: Readonly<Record<string, string>>;
  /** Secrets that are set and stay when nothing is given. */
  kept?: readonly string[];
  /** The names of the fields that must still be filled, once somebody tried to go on without them. */
  missing: readonly string[];
  onChange: (name: string, value: string) => void;
};

/** The fields of an account, as its kind lists them. */
export function AccountFields({ fields, guide, values, kept = [], missing, onChange }: FormProps) {
  return (
    <div className="flex flex-col gap-3">
      {fields.map((field) => {
        const value = values[field.name] ?? "";
        const problem = missing.includes(field.name) ? "This is needed." : null;
        const hint = guide.fields[field.name];
        if (field.choices.length > 0) {
          return (
            <SelectField
              key={field.name}
              label={field.label}
              hint={hint}
              problem={problem}
              value={value}
              choices={[
                { value: "", title: "Choose" },
                ...field.choices.map((choice) => ({ value: choice, title: choice })),
              ]}
              onChange={(next) => onChange(field.name, next)}
            />
          );
        }
        return (
          <TextField
            key={field.name}
            label={field.label}
            hint={hint}
            problem={problem}
            optional={!field.required}
            name={field.name}
            value={value}
            type={field.secret && !OURS.has(field.name) ? "password" : "text"}
            autoComplete="off"
            spellCheck={false}
            placeholder={kept.includes(field.name) ? "Set. Leave empty to keep it" : undefined}
            end={OURS.has(field.name) && <MakeOne onMade={(token) => onChange(field.name, token)} />}
            onChange={(event) => onChange(field.name, event.target.value)}
          />
        );
      })}
    </div>
  );
}

function MakeOne({ onMade }: { onMade: (token: string) => void }) {
  return (
    <Button className="h-8" onClick={() => onMade(randomToken())}>
      <Dices aria-hidden size={14} />
      Make one
    </Button>
  );
}

export function FormProblem({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className="flex gap-2 rounded-1 bg-bad-soft px-3 py-2 text-bad">
      <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
      <span>{children}</span>
    </p>
  );
}
