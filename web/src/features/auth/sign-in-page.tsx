import { CircleAlert, Sparkle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { errorWords } from "../rest/client";
import { signIn } from "./session";

const FIELD =
  "h-9 w-full rounded-1 border border-line-strong bg-bg px-3 text-14 placeholder:text-ink-3 hover:border-ink-3";

function Field({ label, ...input }: { label: string } & React.InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="flex flex-col gap-1">
      <span className="font-medium">{label}</span>
      <input className={FIELD} required {...input} />
    </label>
  );
}

function Problem({ children }: { children: string }) {
  return (
    <p role="alert" className="flex gap-2 rounded-1 bg-bad-soft px-3 py-2 text-bad">
      <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
      {children}
    </p>
  );
}

/** `reason`: why the person is here again, when a session has just ended. */
export function SignInPage({ reason }: { reason: string | null }) {
  const [problem, setProblem] = useState(reason);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await signIn(String(form.get("email")).trim(), String(form.get("password")));
    } catch (error) {
      setProblem(errorWords(error));
      setBusy(false);
    }
  }

  return (
    <main className="grid min-h-dvh place-items-center bg-sub p-4 text-13">
      <form
        data-testid="sign-in"
        onSubmit={submit}
        className="flex w-full max-w-90 flex-col gap-4 rounded-2 border border-line bg-raised p-6 shadow-float"
      >
        <header className="mb-2 flex flex-col gap-3">
          <Logo />
          <div>
            <h1 className="text-20 font-semibold">Sign in</h1>
            <p className="mt-1 text-ink-2">Watch, help out and take over, all in one place.</p>
          </div>
        </header>
        <Field label="E-mail" name="email" type="email" autoComplete="username" autoFocus />
        <Field label="Password" name="password" type="password" autoComplete="current-password" />
        {problem !== null && <Problem>{problem}</Problem>}
        <button
          type="submit"
          disabled={busy}
          className="h-9 rounded-1 bg-brand text-14 font-medium text-brand-ink transition-colors hover:bg-brand-hover disabled:opacity-60"
        >
          {busy ? "Signing in" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

export function Logo() {
  return (
    <span
      aria-hidden
      className="grid size-6 shrink-0 place-items-center rounded-1 bg-linear-135 from-[#4f46e5] to-[#7c3aed] text-white"
    >
      <Sparkle size={14} />
    </span>
  );
}
