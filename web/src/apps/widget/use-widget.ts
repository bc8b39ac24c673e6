import { createContext, useContext } from "react";
import { useStore } from "zustand";
import type { OutgoingMessage } from "@/shared/outbox";
import type { ConversationState, SessionState } from "@/shared/session/state";
import type { Upload } from "@/shared/uploads";
import type { VisitorSession, VisitorState } from "./visitor-session";
import type { Settings, WidgetModel } from "./widget-model";

export type Widget = { model: WidgetModel; session: VisitorSession; settings: Settings };

export const WidgetContext = createContext<Widget | null>(null);

export function useWidget(): Widget {
  const widget = useContext(WidgetContext);
  if (!widget) throw new Error("expected to be inside the panel");
  return widget;
}

/** Read from the session; the reader renders again only when what it reads changes. */
export function useSession<T>(select: (state: SessionState) => T): T {
  return useStore(useWidget().session.client.store.view, select);
}

export function useVisitor<T>(select: (state: VisitorState) => T): T {
  return useStore(useWidget().session.state, select);
}

export function useOutbox(): readonly OutgoingMessage[] {
  return useStore(useWidget().session.outbox.messages);
}

export function useUploads(): readonly Upload[] {
  return useStore(useWidget().session.uploads.list);
}

/** Read from the visitor's conversation; `absent` while there is none. */
export function useConversation<T>(select: (conversation: ConversationState) => T, absent: T): T {
  const id = useVisitor((state) => state.conversation);
  return useSession((state) => {
    const conversation = id === null ? undefined : state.conversations[id];
    return conversation ? select(conversation) : absent;
  });
}
