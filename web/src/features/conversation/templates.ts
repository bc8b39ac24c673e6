/** Approved templates: what may be sent after a channel's time to answer is over. */

import { queryOptions } from "@tanstack/react-query";
import { create } from "zustand";
import { rest } from "../rest/client";

export type Template = {
  id: string;
  name: string;
  language: string;
  category: string;
  /** Its variables stand as {{name}}. */
  body: string;
  variables: string[];
};

export function templatesQuery(conversation: string) {
  return queryOptions({
    queryKey: ["templates", conversation],
    queryFn: async ({ signal }) => {
      const answer = await rest(`/api/conversations/${conversation}/templates/`, { signal });
      return (answer as { templates: Template[] }).templates;
    },
    staleTime: 60_000,
  });
}

/** The same `clientId` again sends nothing more. */
export async function sendTemplate(
  conversation: string,
  clientId: string,
  template: string,
  variables: Record<string, string>,
): Promise<void> {
  const body = { client_id: clientId, template, variables };
  await rest(`/api/conversations/${conversation}/send_template/`, { method: "POST", body });
}

/** Channels on whose accounts templates are approved; on the others there is nothing to choose from. */
const WITH_TEMPLATES: ReadonlySet<string> = new Set(["whatsapp"]);

export function hasTemplates(channel: string | null): boolean {
  return channel !== null && WITH_TEMPLATES.has(channel);
}

export type Piece = { key: string; text: string; variable: string | null };

const HOLE = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** A template's text in pieces, each variable with its value or, while it has none, its name. */
export function templatePieces(body: string, values: Readonly<Record<string, string>>): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const hole of body.matchAll(HOLE)) {
    if (hole.index > from)
      pieces.push({ key: `t${from}`, text: body.slice(from, hole.index), variable: null });
    const name = hole[1] ?? "";
    pieces.push({ key: `v${hole.index}`, text: values[name]?.trim() || `{{${name}}}`, variable: name });
    from = hole.index + hole[0].length;
  }
  if (from < body.length) pieces.push({ key: `t${from}`, text: body.slice(from), variable: null });
  return pieces;
}

/** The variables that still have no value. */
export function emptyVariables(template: Template, values: Readonly<Record<string, string>>): string[] {
  return template.variables.filter((name) => (values[name] ?? "").trim() === "");
}

/** Templates whose name or text holds all words looked for. */
export function matchTemplates(templates: readonly Template[], search: string): Template[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return templates.filter(({ name, body }) => {
    const text = `${name.replaceAll("_", " ")} ${body}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

type PickerState = { conversation: string | null };

/** For which conversation the picker is open: it is asked for by the composer and by messages that were refused. */
export const useTemplatePicker = create<PickerState>(() => ({ conversation: null }));

export function openTemplates(conversation: string): void {
  useTemplatePicker.setState({ conversation });
}

export function closeTemplates(): void {
  useTemplatePicker.setState({ conversation: null });
}
