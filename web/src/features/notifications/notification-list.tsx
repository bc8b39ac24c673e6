import { useQuery } from "@tanstack/react-query";
import { Bell } from "lucide-react";
import { useMemo } from "react";
import type { Notification } from "@/wire/wire.gen";
import { fullTime } from "../format/time";
import { secondsSince, shortAge } from "../inbox/waiting";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNow } from "../ui/now";
import { Bone, Empty, Failed } from "../ui/states";
import { happened, merged, notificationsQuery, unreadOf } from "./notifications";

type ListProps = {
  live: readonly Notification[];
  onOpen: (notification: Notification) => void;
  onRead: (ids: string[]) => void;
  onClose: () => void;
};

/** What this member was told, the newest first. */
export function NotificationList({ live, onOpen, onRead, onClose }: ListProps) {
  const stored = useQuery({ ...notificationsQuery, staleTime: 0, gcTime: 0 });
  const all = useMemo(() => merged(live, stored.data ?? []), [live, stored.data]);
  const unread = unreadOf(all);
  return (
    <Dialog title="Notifications" onClose={onClose}>
      <div data-testid="notifications" className="min-h-40">
        {unread.length > 0 && (
          <p className="flex justify-end border-line border-b px-4 py-2">
            <Button kind="quiet" onClick={() => onRead(unread)}>
              Mark all read
            </Button>
          </p>
        )}
        <ul>
          {all.map((one) => (
            <Row key={one.id} notification={one} onOpen={() => onOpen(one)} />
          ))}
        </ul>
        {all.length === 0 && <Nothing query={stored} />}
      </div>
    </Dialog>
  );
}

function Nothing({ query }: { query: { isPending: boolean; isError: boolean; refetch: () => unknown } }) {
  if (query.isPending) return <Bone className="m-4 h-10" />;
  if (query.isError) {
    return <Failed reason="The notifications could not be read." retry={() => void query.refetch()} />;
  }
  return (
    <Empty icon={<Bell aria-hidden size={18} />} title="Nothing to tell">
      Here you read when a conversation is given to you, waits for a person, or something goes wrong.
    </Empty>
  );
}

function Row({ notification, onOpen }: { notification: Notification; onOpen: () => void }) {
  const now = useNow();
  const { at, customer, read } = notification;
  return (
    <li>
      <button
        type="button"
        data-testid="notification"
        data-kind={notification.kind}
        onClick={onOpen}
        className="grid w-full grid-cols-[8px_1fr_auto] items-baseline gap-x-2.5 border-line border-b px-4 py-2.5 text-left -outline-offset-2 transition-colors hover:bg-sub"
      >
        <span aria-hidden className={`size-2 rounded-full ${read ? "" : "bg-brand"}`} />
        <span className="min-w-0">
          {!read && <span className="sr-only">Unread: </span>}
          <span className={read ? "text-ink-2" : "font-medium"}>{happened(notification)}</span>
          {customer && <span className="block truncate text-12 text-ink-3">{customer}</span>}
        </span>
        <time dateTime={at} title={fullTime(at)} className="text-12 text-ink-3">
          {shortAge(secondsSince(at, now))}
        </time>
      </button>
    </li>
  );
}
