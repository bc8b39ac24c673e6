/** Where somebody is signed in, as GET /api/auth/sessions/ has it. */

import { queryOptions } from "@tanstack/react-query";
import { rest } from "../rest/client";

export type Place = {
  id: string;
  kind: "browser" | "program";
  /** The browser that asks. */
  current: boolean;
  address: string | null;
  agent: string | null;
  created_at: string;
  last_used_at: string | null;
};

const SESSIONS = "/api/auth/sessions/";

export const placesQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async ({ signal }) => ((await rest(SESSIONS, { signal })) as { sessions: Place[] }).sessions,
});

export async function endPlace(id: string): Promise<void> {
  await rest(`${SESSIONS}${id}/`, { method: "DELETE" });
}

/** End all but this browser; how many those were. */
export async function endOthers(): Promise<number> {
  return ((await rest(`${SESSIONS}end_others/`, { method: "POST" })) as { ended: number }).ended;
}

export async function endAll(): Promise<void> {
  await rest(SESSIONS, { method: "DELETE" });
}

const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\b(?:OPR|Opera)\//, "Opera"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/(?:Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux|X11/, "Linux"],
];

const named = (names: readonly [RegExp, string][], agent: string) =>
  names.find(([pattern]) => pattern.test(agent))?.[1];

/** "Chrome on macOS"; a program by the name it gives. */
export function placeName({ kind, agent }: Pick<Place, "kind" | "agent">): string {
  const browser = agent === null ? undefined : named(BROWSERS, agent);
  const system = agent === null ? undefined : named(SYSTEMS, agent);
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`;
  return agent?.split(" ")[0] || (kind === "browser" ? "A browser" : "A program");
}
