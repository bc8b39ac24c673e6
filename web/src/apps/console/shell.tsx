import { useEffect, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";
import { useInbox } from "@/features/inbox/inbox";
import { matchRows, type QueueName, queueCounts } from "@/features/inbox/queue";
import { dispatchAction, useActions } from "@/features/keyboard/actions";
import { KeySheet } from "@/features/keyboard/key-sheet";
import type { Action } from "@/features/keyboard/keymap";
import { Palette } from "@/features/keyboard/palette";
import { useKeys } from "@/features/keyboard/use-keys";
import { useConsole } from "@/features/live/console-session";
import { useLive } from "@/features/live/use-session";
import { BellButton, UnreadStatus } from "@/features/notifications/bell";
import { NotificationList } from "@/features/notifications/notification-list";
import { useMarkRead } from "@/features/notifications/use-notifications";
import { SETTINGS, sectionPath } from "@/features/settings/sections";
import { Drawer } from "@/features/ui/drawer";
import { NoticeBar } from "@/features/ui/notice-bar";
import type { Notification } from "@/wire/wire.gen";
import { ConnectionBanner } from "./connection-banner";
import { Nav } from "./nav";
import { INSIGHTS, queuePath } from "./paths";
import { TopBar } from "./top-bar";

const QUEUE_OF: Partial<Record<Action, QueueName>> = {
  "queue.mine": "mine",
  "queue.unassigned": "unassigned",
  "queue.bot": "bot",
  "queue.all": "all",
};
const PAGE_OF: Partial<Record<Action, string>> = { "insights.open": INSIGHTS, "settings.open": SETTINGS };

/** What surrounds every page: navigation, keys, palette, the state of the line. */
export function Shell() {
  const navigate = useNavigate();
  const [overlay, setOverlay] = useState<"keys" | "palette" | "notifications" | null>(null);
  const menu = useMenu();
  const inbox = useInbox();
  useTitle();

  useActions((action) => {
    const queue = QUEUE_OF[action];
    const page = queue === undefined ? PAGE_OF[action] : queuePath(queue);
    if (page !== undefined) void navigate(page);
    else if (action === "keys.open") setOverlay("keys");
    else if (action === "palette.open") setOverlay("palette");
    else if (action === "notifications.open") setOverlay("notifications");
    else return false;
    return true;
  });
  useKeys();

  return (
    <div className="flex h-full flex-col">
      <ConnectionBanner />
      <TopBar onMenu={menu.open}>
        <BellButton compact onClick={() => setOverlay("notifications")} />
      </TopBar>
      <UnreadStatus />
      <div className="flex min-h-0 flex-1">
        <Nav onKeys={() => setOverlay("keys")} onBell={() => setOverlay("notifications")} />
        <Outlet />
      </div>
      {menu.isOpen && (
        <Drawer title="Navigation" onClose={menu.close}>
          <Nav wide onKeys={() => setOverlay("keys")} onBell={() => setOverlay("notifications")} />
        </Drawer>
      )}
      {overlay === "keys" && <KeySheet onClose={() => setOverlay(null)} />}
      {overlay === "notifications" && <Notifications onClose={() => setOverlay(null)} />}
      {overlay === "palette" && (
        <Palette
          find={(search) => matchRows(inbox, search)}
          onAction={dispatchAction}
          onConversation={(id) => void navigate(queuePath("all", id))}
          onClose={() => setOverlay(null)}
        />
      )}
      <NoticeBar />
    </div>
  );
}

/** What this member was told; a click leads there, and marks it read. */
function Notifications({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const live = useLive((state) => state.notifications);
  const markRead = useMarkRead();

  function open(notification: Notification): void {
    if (!notification.read) markRead([notification.id]);
    onClose();
    if (notification.conversation) void navigate(queuePath("all", notification.conversation));
    else if (notification.kind === "channel_broken" || notification.kind === "channel_policy")
      void navigate(sectionPath("channels"));
  }

  return <NotificationList live={live} onOpen={open} onRead={markRead} onClose={onClose} />;
}

/** The navigation of narrow screens: open at the place where it was asked for, gone with the next page. */
function useMenu() {
  const { key } = useLocation();
  const [openAt, setOpenAt] = useState<string | null>(null);
  return { isOpen: openAt === key, open: () => setOpenAt(key), close: () => setOpenAt(null) };
}

/** The tab tells how many wait for a person. */
function useTitle(): void {
  const { me } = useConsole();
  const waiting = queueCounts(useInbox(), me.id).unassigned;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${me.shop}` : me.shop;
  }, [waiting, me.shop]);
}
