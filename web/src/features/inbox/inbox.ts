/** The inbox as the session holds it, and the asking for its pages. */

import { useEffect, useMemo, useRef, useState } from "react";
import { runningReply, type SessionState } from "@/shared/session/state";
import { useConsole } from "../live/console-session";
import { useLive } from "../live/use-session";
import { useNow } from "../ui/now";
import { QUEUES, type QueueName } from "./queue";
import { isAnswering, readSummary, type Summary } from "./summary";

/** Rows are replaced, never changed, so what was read of one stays true. */
const readRows = new WeakMap<object, Summary>();

function readRow(raw: object): Summary | null {
  const known = readRows.get(raw);
  if (known !== undefined) return known;
  const row = readSummary(raw);
  if (row !== null) readRows.set(raw, row);
  return row;
}

export function readInbox(summaries: SessionState["summaries"]): Summary[] {
  return Object.values(summaries).flatMap((raw) => readRow(raw) ?? []);
}

export function useInbox(): Summary[] {
  const summaries = useLive((state) => state.summaries);
  return useMemo(() => readInbox(summaries), [summaries]);
}

/** Whether an answer runs in a conversation, as its summary or its open copy here says. */
export function useAnswering(summary: Summary): boolean {
  const now = useNow();
  return useLive((state) => {
    const held = state.conversations[summary.id];
    return held === undefined ? isAnswering(summary, now) : runningReply(held)?.state === "streaming";
  });
}

/** More than a row has room for; a longer beginning would only render the row again for nothing. */
const PREVIEW_CHARS = 80;

/** How the answer that runs in a conversation open here begins. */
export function useRunningText(conversation: string): string | null {
  return useLive((state) => {
    const held = state.conversations[conversation];
    return (held && runningReply(held)?.text.slice(0, PREVIEW_CHARS)) || null;
  });
}

export type InboxLoad = { loaded: boolean; failed: boolean; retry: () => void };

/** Keep all queues in the session: every first page at each connect, that of the shown queue when it changes. */
export function useInboxWatch(queue: QueueName): InboxLoad {
  const { client } = useConsole();
  const link = useLive((state) => state.link);
  const [loaded, setLoaded] = useState(false);
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const connection = useLive((state) => state.connection);
  const known = useRef<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again
  useEffect(() => {
    if (link !== "open") return;
    let left = false;
    // The server reads the page asked for last again by itself, so the shown queue comes last.
    const others = known.current === connection ? [] : QUEUES.filter(({ name }) => name !== queue);
    const ask = async () => {
      try {
        for (const name of [...others.map((other) => other.name), queue]) {
          await client.request<"inbox.watch">({ type: "inbox.watch", queue: name });
        }
        known.current = connection;
        if (!left) setLoaded(true);
        if (!left) setFailed(false);
      } catch {
        // A lost line shows itself; what a standing line refuses is told here.
        if (!left && client.store.current().link === "open") setFailed(true);
      }
    };
    void ask();
    return () => {
      left = true;
    };
  }, [client, link, connection, queue, attempt]);

  return { loaded, failed, retry: () => setAttempt((before) => before + 1) };
}
