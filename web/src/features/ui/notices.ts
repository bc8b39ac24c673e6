/** What the console says for a moment, and the way back where there is one. */

import { create } from "zustand";

export type Notice = {
  words: string;
  tone: "plain" | "bad";
  /** Takes back what was just done. */
  undo: (() => void) | null;
};

const STAYS_MS = { plain: 4000, bad: 8000, undoable: 10_000 };

type NoticeState = { notice: Notice | null };

export const useNotices = create<NoticeState>(() => ({ notice: null }));

/** How long a notice stays, in ms: long enough to think again when it can be undone. */
export function stays(notice: Notice): number {
  return notice.undo === null ? STAYS_MS[notice.tone] : STAYS_MS.undoable;
}

/** Say something for a moment; with `undo` it can be taken back while it stands there. */
export function notify(words: string, undo: (() => void) | null = null): void {
  useNotices.setState({ notice: { words, tone: "plain", undo } });
}

/** Say what went wrong. */
export function complain(words: string): void {
  useNotices.setState({ notice: { words, tone: "bad", undo: null } });
}

export function dismissNotice(): void {
  useNotices.setState({ notice: null });
}
