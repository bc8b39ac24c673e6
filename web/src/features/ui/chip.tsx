import type { ReactNode } from "react";

export type Tone = "plain" | "bot" | "ok" | "warn" | "bad" | "brand";

const LOOK: Record<Tone, string> = {
  plain: "bg-sunk text-ink-2",
  bot: "bg-bot-soft text-bot",
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  brand: "bg-brand-soft text-brand",
};

export function Chip({
  tone = "plain",
  title,
  children,
}: {
  tone?: Tone;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span
      title={title}
      className={`inline-flex h-5 shrink-0 items-center gap-1 rounded-1 px-1.5 text-12 whitespace-nowrap ${LOOK[tone]}`}
    >
      {children}
    </span>
  );
}
