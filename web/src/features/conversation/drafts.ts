/** What was written and not yet sent, per conversation and kind; survives a reload. */

import { create } from "zustand";
import { persist } from "zustand/middleware";

export type DraftKind = "reply" | "note";

type Drafts = {
  texts: Readonly<Record<string, string>>;
  write: (conversation: string, kind: DraftKind, text: string) => void;
  forgetAll: () => void;
};

/** Oldest drafts go first beyond this, so that the store stays small for years. */
const KEPT = 200;

function draftKey(conversation: string, kind: DraftKind): string {
  return `${conversation}:${kind}`;
}

export function withDraft(texts: Drafts["texts"], key: string, text: string): Drafts["texts"] {
  const { [key]: _replaced, ...others } = texts;
  if (text === "") return others;
  return Object.fromEntries([...Object.entries(others), [key, text] as const].slice(-KEPT));
}

export const useDrafts = create<Drafts>()(
  persist(
    (set) => ({
      texts: {},
      write: (conversation, kind, text) =>
        set(({ texts }) => ({ texts: withDraft(texts, draftKey(conversation, kind), text) })),
      forgetAll: () => set({ texts: {} }),
    }),
    { name: "assistify.drafts", partialize: ({ texts }) => ({ texts }) },
  ),
);

export function useDraft(conversation: string, kind: DraftKind): string {
  return useDrafts(({ texts }) => texts[draftKey(conversation, kind)] ?? "");
}
