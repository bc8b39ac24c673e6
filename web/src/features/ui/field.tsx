/** Labelled form controls of the console's pages. */

import { CircleAlert } from "lucide-react";
import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId } from "react";

const BOX =
  "w-full rounded-1 border border-line-strong bg-bg px-3 transition-colors placeholder:text-ink-3 hover:border-ink-3 disabled:bg-sub disabled:text-ink-3 aria-invalid:border-bad";

type Shared = { label: string; hint?: ReactNode; problem?: string | null; optional?: boolean };

type FrameProps = Shared & { id: string; children: ReactNode };

function Frame({ label, hint, problem, optional = false, id, children }: FrameProps) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
        {optional && <span className="font-normal text-ink-3"> (optional)</span>}
      </label>
      {children}
      {problem ? (
        <p id={`${id}-hint`} role="alert" className="flex gap-1.5 text-12 text-bad">
          <CircleAlert aria-hidden size={13} className="mt-0.5 shrink-0" />
          {problem}
        </p>
      ) : (
        hint !== undefined && (
          <p id={`${id}-hint`} className="text-12 text-ink-3">
            {hint}
          </p>
        )
      )}
    </div>
  );
}

function described({ hint, problem }: Shared, id: string) {
  return {
    "aria-describedby": hint !== undefined || problem ? `${id}-hint` : undefined,
    "aria-invalid": problem ? true : undefined,
  };
}

type TextProps = Shared & InputHTMLAttributes<HTMLInputElement> & { end?: ReactNode };

export function TextField({ label, hint, problem, optional, end, className = "", ...input }: TextProps) {
  const id = useId();
  const shared = { label, hint, problem, optional };
  return (
    <Frame {...shared} id={id}>
      <span className="flex gap-2">
        <input id={id} className={`h-8 min-w-0 ${BOX} ${className}`} {...described(shared, id)} {...input} />
        {end}
      </span>
    </Frame>
  );
}

type AreaProps = Shared & TextareaHTMLAttributes<HTMLTextAreaElement>;

export function AreaField({ label, hint, problem, optional, ...area }: AreaProps) {
  const id = useId();
  const shared = { label, hint, problem, optional };
  return (
    <Frame {...shared} id={id}>
      <textarea id={id} rows={3} className={`resize-y py-1.5 ${BOX}`} {...described(shared, id)} {...area} />
    </Frame>
  );
}

export type Choice = { value: string; title: string };

type SelectProps = Shared & {
  value: string;
  choices: readonly Choice[];
  disabled?: boolean;
  onChange: (value: string) => void;
};

export function SelectField({
  label,
  hint,
  problem,
  optional,
  value,
  choices,
  disabled,
  onChange,
}: SelectProps) {
  const id = useId();
  const shared = { label, hint, problem, optional };
  return (
    <Frame {...shared} id={id}>
      <select
        id={id}
        value={value}
        disabled={disabled}
        onChange={(event) => onChange(event.target.value)}
        className={`h-8 ${BOX}`}
        {...described(shared, id)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.title}
          </option>
        ))}
      </select>
    </Frame>
  );
}

type SwitchProps = {
  label: string;
  hint?: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
};

/** On or off, at once. */
export function SwitchField({ label, hint, on, disabled = false, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-4">
      <span className="min-w-0">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint !== undefined && (
          <span id={`${id}-hint`} className="block text-12 text-ink-3">
            {hint}
          </span>
        )}
      </span>
      <button
        id={id}
        type="button"
        role="switch"
        aria-checked={on}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        disabled={disabled}
        onClick={() => onChange(!on)}
        className="relative mt-0.5 h-5 w-9 shrink-0 rounded-full border border-line-strong bg-sunk transition-colors disabled:opacity-50 aria-checked:border-brand aria-checked:bg-brand"
      >
        <span
          aria-hidden
          className={`absolute top-0.5 left-0.5 size-3.5 rounded-full transition-transform ${on ? "translate-x-4 bg-brand-ink" : "bg-ink-3"}`}
        />
      </button>
    </div>
  );
}

type RadiosProps = {
  legend: string;
  name: string;
  value: string;
  choices: readonly (Choice & { hint: string })[];
  disabled?: boolean;
  onChange: (value: string) => void;
};

/** A choice of few, each explained. */
export function RadioCards({ legend, name, value, choices, disabled = false, onChange }: RadiosProps) {
  return (
    <fieldset disabled={disabled} className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 font-medium">{legend}</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {choices.map((choice) => (
          <label
            key={choice.value}
            className="flex cursor-pointer gap-2.5 rounded-2 border border-line-strong bg-bg p-3 transition-colors hover:border-ink-3 has-checked:border-brand has-checked:bg-brand-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand"
          >
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => onChange(choice.value)}
              className="mt-0.5 size-3.5 shrink-0 accent-(--brand) outline-none"
            />
            <span className="min-w-0">
              <span className="block font-medium">{choice.title}</span>
              <span className="block text-12 text-ink-2">{choice.hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
