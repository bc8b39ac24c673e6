/** Messages from before the snapshot, page by page. */

import type { Message } from "@/wire/wire.gen";
import type { ConsoleSession } from "../live/console-session";
import { rest } from "../rest/client";

const PAGE = 50;

function readPage(answer: unknown): { messages: Message[]; more: boolean } {
  const { messages, before } = (answer ?? {}) as { messages?: unknown; before?: unknown };
  const read = Array.isArray(messages) ? (messages as Message[]) : [];
  return { messages: read, more: before === undefined ? read.length >= PAGE : before !== null };
}

/** Fetch the page before the oldest message that is held. Raises RestError. */
export async function loadOlder(session: ConsoleSession, conversation: string): Promise<void> {
  const held = session.client.store.current().conversations[conversation];
  if (held === undefined) return;
  const seqs = Object.values(held.messages).flatMap(({ seq }) => (seq === null ? [] : [seq]));
  const query = new URLSearchParams({ conversation_id: conversation, limit: String(PAGE) });
  if (seqs.length > 0) query.set("before", String(Math.min(...seqs)));
  const page = readPage(await rest(`/api/messages/get_conversation_messages/?${query}`));
  session.client.store.apply({ type: "local.history", conversation, ...page });
}
