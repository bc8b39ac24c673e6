import { Check, Copy } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { Button } from "./button";

const SAID_MS = 2000;

type CopyProps = { label: string; value: string; hint?: string; labelHidden?: boolean };

/** A text to be taken elsewhere, letter by letter, by one click. */
export function CopyField({ label, value, hint, labelHidden = false }: CopyProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // No clipboard without HTTPS: the text is selected for the keys.
      field.current?.select();
    }
  }

  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={labelHidden ? "sr-only" : "font-medium"}>
        {label}
      </label>
      <span className="flex gap-2">
        <input
          ref={field}
          id={id}
          readOnly
          value={value}
          onFocus={(event) => event.currentTarget.select()}
          className="h-8 min-w-0 flex-1 rounded-1 border border-line bg-sub px-3 font-mono text-12"
        />
        <Button className="h-8" onClick={() => void copy()}>
          {copied ? <Check aria-hidden size={14} className="text-ok" /> : <Copy aria-hidden size={14} />}
          <span role="status">{copied ? "Copied" : "Copy"}</span>
        </Button>
      </span>
      {hint !== undefined && <p className="text-12 text-ink-3">{hint}</p>}
    </div>
  );
}
