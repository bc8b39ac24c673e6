/** What was written and not yet sent, per conversation and kind; survives a reload. */

import { create } from "zustand";
import { persist } from "zustand/middleware";

export type DraftKind = "reply" | "note";

/** Whose draft, and where; colleagues may share a browser. */
export type DraftPlace = { user: string; conversation: string; kind: DraftKind };

type Drafts = {
  texts: Readonly<Record<string, string>>;
  write: (place: DraftPlace, text: string) => void;
  forgetAll: () => void;
};

/** Oldest drafts go first beyond this, so that the store stays small for years. */
const KEPT = 200;

function draftKey({ user, conversation, kind }: DraftPlace): string {
  return `${user}:${conversation}:${kind}`;
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
      write: (place, text) => set(({ texts }) => ({ texts: withDraft(texts, draftKey(place), text) })),
      forgetAll: () => set({ texts: {} }),
    }),
    { name: "assistify.drafts", partialize: ({ texts }) => ({ texts }) },
  ),
);

export function useDraft(place: DraftPlace): string {
  return useDrafts(({ texts }) => texts[draftKey(place)] ?? "");
}
