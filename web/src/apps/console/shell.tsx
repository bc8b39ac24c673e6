import { useEffect, useState } from "react";
import { Outlet, useNavigate } from "react-router";
import { useInbox } from "@/features/inbox/inbox";
import { matchRows, type QueueName, queueCounts } from "@/features/inbox/queue";
import { dispatchAction, useActions } from "@/features/keyboard/actions";
import { KeySheet } from "@/features/keyboard/key-sheet";
import type { Action } from "@/features/keyboard/keymap";
import { Palette } from "@/features/keyboard/palette";
import { useKeys } from "@/features/keyboard/use-keys";
import { useConsole } from "@/features/live/console-session";
import { ConnectionBanner } from "./connection-banner";
import { Nav } from "./nav";
import { queuePath } from "./paths";

export type ShellContext = {
  /** Say something for a moment. */
  notify: (words: string) => void;
};

const QUEUE_OF: Partial<Record<Action, QueueName>> = {
  "queue.mine": "mine",
  "queue.unassigned": "unassigned",
  "queue.bot": "bot",
  "queue.all": "all",
};
const NOTICE_MS = 4000;

/** What surrounds every page: navigation, keys, palette, the state of the line. */
export function Shell() {
  const navigate = useNavigate();
  const [overlay, setOverlay] = useState<"keys" | "palette" | null>(null);
  const inbox = useInbox();
  const { notice, notify } = useNotice();
  useTitle();

  useActions((action) => {
    const queue = QUEUE_OF[action];
    if (queue !== undefined) void navigate(queuePath(queue));
    else if (action === "keys.open") setOverlay("keys");
    else if (action === "palette.open") setOverlay("palette");
    else return false;
    return true;
  });
  useKeys();

  return (
    <div className="flex h-full flex-col">
      <ConnectionBanner />
      <div className="flex min-h-0 flex-1">
        <Nav onKeys={() => setOverlay("keys")} />
        <Outlet context={{ notify } satisfies ShellContext} />
      </div>
      {overlay === "keys" && <KeySheet onClose={() => setOverlay(null)} />}
      {overlay === "palette" && (
        <Palette
          find={(search) => matchRows(inbox, search)}
          onAction={dispatchAction}
          onConversation={(id) => void navigate(queuePath("all", id))}
          onClose={() => setOverlay(null)}
        />
      )}
      <Notice words={notice} />
    </div>
  );
}

function useNotice() {
  const [notice, setNotice] = useState<string | null>(null);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setNotice(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return { notice, notify: setNotice as (words: string) => void };
}

function Notice({ words }: { words: string | null }) {
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 top-3 z-10 flex justify-center">
      {words !== null && (
        <p className="flex animate-rise items-center gap-2 rounded-2 border border-line bg-raised px-4 py-2 font-medium shadow-float">
          {words}
        </p>
      )}
    </div>
  );
}

/** The tab tells how many wait for a person. */
function useTitle(): void {
  const { me } = useConsole();
  const waiting = queueCounts(useInbox(), me.id).unassigned;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${me.shop}` : me.shop;
  }, [waiting, me.shop]);
}
