/** Conversations found by the server: those that no open page of the inbox holds, and closed ones. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { rest } from "../rest/client";
import type { QueueName } from "./queue";
import { readSummary, type Summary } from "./summary";

const PAUSE_MS = 250;
const FRESH_MS = 10_000;

function readList(answer: unknown): Summary[] {
  const { conversations } = (answer ?? {}) as { conversations?: unknown };
  return Array.isArray(conversations) ? conversations.flatMap((raw) => readSummary(raw) ?? []) : [];
}

/** The text once nobody has typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

const NOTHING: readonly Summary[] = [];

export type Found = { rows: readonly Summary[]; searching: boolean; error: unknown; retry: () => void };

/** Search by words, by status, or by both; asks nothing when neither is given. */
export function useFound(queue: QueueName, search: string, status: "open" | "closed"): Found {
  const words = useSettled(search.trim());
  const enabled = words !== "" || status === "closed";
  // Words are looked for everywhere: who searches does not know where it went.
  const where = words === "" ? queue : "all";
  const query = useQuery({
    queryKey: ["conversations", where, status, words],
    queryFn: async ({ signal }) => {
      const parameters = new URLSearchParams({ queue: where, status });
      if (words !== "") parameters.set("q", words);
      return readList(await rest(`/api/conversations/list/?${parameters}`, { signal }));
    },
    enabled,
    staleTime: FRESH_MS,
  });
  return {
    rows: (enabled && query.data) || NOTHING,
    searching: enabled && query.isFetching,
    error: enabled ? query.error : null,
    retry: () => void query.refetch(),
  };
}
