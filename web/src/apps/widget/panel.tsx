import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { Announcer } from "./announcer";
import { ConnectionBanner, NoticeBar } from "./banners";
import { Composer } from "./composer";
import { DropZone } from "./drop-zone";
import { EmptyState } from "./empty-state";
import { Footer } from "./footer";
import { Head } from "./head";
import { MessageList } from "./message-list";
import { SessionEnded } from "./session-ended";
import { UploadList } from "./upload-list";
import { useConversation, useOutbox, useSession, useVisitor, WidgetContext } from "./use-widget";
import type { WidgetModel } from "./widget-model";

/** The whole panel; empty until the shop's page has said who the visitor is. */
export function Panel({ model }: { model: WidgetModel }) {
  const state = useStore(model.state);
  const session = state?.session;
  const settings = state?.settings;
  const widget = useMemo(
    () => (session && settings ? { model, session, settings } : null),
    [model, session, settings],
  );

  useEffect(() => {
    const { theme, locale } = settings ?? {};
    if (theme && theme !== "auto") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    if (locale) document.documentElement.lang = locale;
  }, [settings]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) model.close();
    };
    const onVisible = () => model.review();
    document.addEventListener("keydown", onKey);
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [model]);

  if (!widget || !state) return null;
  return (
    <WidgetContext.Provider value={widget}>
      <DropZone>
        <Head />
        <ConnectionBanner />
        <Body />
        <NoticeBar />
        <UploadList />
        <Composer isOpen={state.isOpen} />
        <Footer />
        <Announcer />
      </DropZone>
    </WidgetContext.Provider>
  );
}

function Body() {
  const isEnded = useSession((state) => state.link === "ended");
  const isRestoring = useVisitor((state) => state.isRestoring);
  const isEmpty = useConversation((conversation) => conversation.timeline.length === 0, true);
  const outgoing = useOutbox();
  if (isEnded) return <SessionEnded />;
  if (isEmpty && outgoing.length === 0) return isRestoring ? <Skeleton /> : <EmptyState />;
  return <MessageList />;
}

/** The layout of a conversation that is on its way. */
function Skeleton() {
  return (
    <div
      role="status"
      aria-label="Loading your conversation"
      className="flex flex-1 flex-col justify-end gap-3 p-4"
    >
      <div className="h-10 w-2/3 rounded-3 bg-sunk" />
      <div className="h-10 w-1/2 self-end rounded-3 bg-sunk" />
      <div className="h-16 w-3/4 rounded-3 bg-sunk" />
    </div>
  );
}
