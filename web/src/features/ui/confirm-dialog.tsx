import { useMutation } from "@tanstack/react-query";
import { CircleAlert } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { errorWords } from "../rest/client";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { TextField } from "./field";

type ConfirmProps = {
  title: string;
  children: ReactNode;
  /** What the button says that does it. */
  verb: string;
  /** A word to be typed first, for what cannot be taken back. */
  typed?: string;
  act: () => Promise<unknown>;
  onClose: () => void;
};

/** Asks once more before something that others will feel. */
export function ConfirmDialog({ title, children, verb, typed, act, onClose }: ConfirmProps) {
  const [word, setWord] = useState("");
  const run = useMutation({ mutationFn: act, onSuccess: onClose });
  const ready = typed === undefined || word.trim() === typed.trim();

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (ready && !run.isPending) run.mutate();
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4 p-4">
        <div className="flex flex-col gap-2 text-ink-2">{children}</div>
        {typed !== undefined && (
          <TextField
            label={`Type “${typed}” to go on`}
            value={word}
            autoComplete="off"
            autoFocus
            data-testid="confirm-word"
            onChange={(event) => setWord(event.target.value)}
          />
        )}
        {run.isError && (
          <p role="alert" className="flex gap-2 rounded-1 bg-bad-soft px-3 py-2 text-bad">
            <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
            {errorWords(run.error)}
          </p>
        )}
        <footer className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" data-testid="confirm" disabled={!ready || run.isPending}>
            {run.isPending ? "One moment" : verb}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
