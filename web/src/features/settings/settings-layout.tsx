/** What the pages of the settings have in common: head, cards, and what stands there until something is. */

import type { ReactNode } from "react";
import { Bone } from "../ui/states";

type PageProps = { title: string; intro: string; actions?: ReactNode; children: ReactNode };

export function SettingsPage({ title, intro, actions, children }: PageProps) {
  return (
    <div className="mx-auto flex w-full max-w-220 flex-col gap-5 p-4 pb-16 md:p-6 md:pb-16">
      <header className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h1 className="text-20 font-semibold">{title}</h1>
          <p className="mt-1 max-w-140 text-ink-2">{intro}</p>
        </div>
        {actions}
      </header>
      {children}
    </div>
  );
}

type CardProps = { title: string; hint?: ReactNode; actions?: ReactNode; children: ReactNode };

export function SettingsCard({ title, hint, actions, children }: CardProps) {
  return (
    <section className="rounded-2 border border-line bg-raised">
      <header className="flex flex-wrap items-start justify-between gap-2 border-line border-b px-4 py-3">
        <div className="min-w-0">
          <h2 className="text-14 font-semibold">{title}</h2>
          {hint !== undefined && <p className="text-ink-2">{hint}</p>}
        </div>
        {actions}
      </header>
      <div className="p-4">{children}</div>
    </section>
  );
}

export function SettingsBones({ label, cards = 3 }: { label: string; cards?: number }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-4">
      {Array.from({ length: cards }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bones have no other name
        <div key={index} className="flex flex-col gap-3 rounded-2 border border-line bg-raised p-4">
          <Bone className="h-4 w-40" />
          <Bone className="h-3.5 w-3/4" />
          <Bone className="h-3.5 w-1/2" />
        </div>
      ))}
    </div>
  );
}
