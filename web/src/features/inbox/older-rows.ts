/** Conversations beyond the first page of a queue. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Summary as WireSummary } from "@/wire/wire.gen";
import { type ConsoleSession, useConsole } from "../live/console-session";
import { rest } from "../rest/client";
import type { QueueName } from "./queue";

/** As many rows as the server puts on a page. */
export const PAGE_ROWS = 50;

/** The next page's cursor; null at the end. Rows go where those of the live inbox are, and age like them. */
async function loadPage(
  session: ConsoleSession,
  queue: QueueName,
  cursor: string | null,
): Promise<string | null> {
  const query = new URLSearchParams({ queue, status: "open" });
  if (cursor !== null) query.set("cursor", cursor);
  const answer = (await rest(`/api/conversations/list/?${query}`)) as {
    conversations?: WireSummary[];
    cursor?: string | null;
  };
  for (const summary of answer.conversations ?? []) {
    session.client.store.apply({ type: "inbox.changed", summary });
  }
  return answer.cursor ?? null;
}

export type OlderRows = { atEnd: boolean; loading: boolean; error: unknown; load: () => void };

export function useOlderRows(queue: QueueName): OlderRows {
  const session = useConsole();
  const [cursors, setCursors] = useState<Partial<Record<QueueName, string | null>>>({});
  const page = useMutation({
    mutationFn: async () => {
      // The first page came over the socket, which gives no cursor: it is read once more for its end.
      const first = cursors[queue] === undefined ? await loadPage(session, queue, null) : cursors[queue];
      return first === null || first === undefined ? null : await loadPage(session, queue, first);
    },
    onSuccess: (cursor) => setCursors((before) => ({ ...before, [queue]: cursor })),
  });
  return {
    atEnd: cursors[queue] === null,
    loading: page.isPending,
    error: page.error,
    load: () => page.mutate(),
  };
}
