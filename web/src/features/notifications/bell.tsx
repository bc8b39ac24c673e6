import { Bell } from "lucide-react";
import { badge, unreadWords } from "./notifications";
import { useUnread } from "./use-notifications";

/** The way to the notifications, with the count of what is unread; `compact` without words. */
export function BellButton({ onClick, compact = false }: { onClick: () => void; compact?: boolean }) {
  const unread = useUnread();
  return (
    <button
      type="button"
      data-testid={compact ? "bell-compact" : "bell"}
      aria-label={`Notifications: ${unreadWords(unread)}`}
      aria-keyshortcuts="Alt+6"
      aria-haspopup="dialog"
      title="Alt+6"
      onClick={onClick}
      className="flex items-center gap-2.5 rounded-1 px-2 py-1.5 text-ink-2 transition-colors hover:bg-sunk hover:text-ink"
    >
      <Bell aria-hidden size={16} />
      {!compact && "Notifications"}
      <span aria-hidden className={`text-12 font-semibold text-warn ${compact ? "" : "ml-auto"}`}>
        {badge(unread)}
      </span>
    </button>
  );
}

/** Says a changed count when the reader pauses, and nothing while all is read. */
export function UnreadStatus() {
  const unread = useUnread();
  return (
    <p role="status" className="sr-only">
      {unread > 0 && unreadWords(unread)}
    </p>
  );
}
