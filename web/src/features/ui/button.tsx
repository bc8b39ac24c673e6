import type { ButtonHTMLAttributes, ReactNode } from "react";

type Kind = "primary" | "quiet" | "outline" | "danger";

const LOOK: Record<Kind, string> = {
  primary: "bg-brand text-brand-ink hover:bg-brand-hover disabled:bg-sunk disabled:text-ink-3",
  quiet: "text-ink-2 hover:bg-sunk hover:text-ink disabled:text-ink-3",
  outline: "border border-line-strong bg-bg text-ink hover:bg-sub disabled:text-ink-3",
  danger: "bg-bad text-bg hover:opacity-90 disabled:bg-sunk disabled:text-ink-3",
};

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind; children: ReactNode };

export function Button({ kind = "outline", className = "", children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`inline-flex h-7 shrink-0 items-center justify-center gap-2 rounded-1 px-3 font-medium whitespace-nowrap transition-colors ${LOOK[kind]} ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "aria-label"> & {
  name: string;
  children: ReactNode;
};

/** A button of one icon; its name is read out and shown on hover. */
export function IconButton({ name, className = "", children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={name}
      title={name}
      className={`grid size-7 shrink-0 place-items-center rounded-1 text-ink-3 transition-colors hover:bg-sunk hover:text-ink disabled:opacity-50 ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}
