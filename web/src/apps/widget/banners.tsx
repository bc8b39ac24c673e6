import { CircleAlert, WifiOff, X } from "lucide-react";
import { useEffect, useState } from "react";
import { useSession, useVisitor, useWidget } from "./use-widget";

/** Shorter interruptions are not worth a word. */
const QUIET_MS = 1200;

/** Say that the line is down, once it has been for a moment. */
export function ConnectionBanner() {
  const { session } = useWidget();
  const isDown = useSession((state) => state.link === "connecting" || state.link === "waiting");
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    setShown(false);
    if (!isDown) return;
    const timer = setTimeout(() => setShown(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [isDown]);
  if (!isShown) return null;
  return (
    <div
      role="status"
      data-testid="reconnecting"
      className="flex items-center gap-2 bg-warn-soft px-4 py-2 text-13 text-warn"
    >
      <WifiOff aria-hidden size={14} strokeWidth={1.75} />
      <span>Reconnecting. What you write is kept.</span>
      <button
        type="button"
        className="ml-auto font-medium underline underline-offset-2"
        onClick={() => session.client.retry()}
      >
        Try now
      </button>
    </div>
  );
}

/** A command that did not work, and the way to try it again. */
export function NoticeBar() {
  const { session } = useWidget();
  const notice = useVisitor((state) => state.notice);
  if (!notice) return null;
  return (
    <div
      role="alert"
      className="mx-3 mb-2 flex items-center gap-2 rounded-2 bg-bad-soft px-3 py-2 text-13 text-bad"
    >
      <CircleAlert aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      <span>{notice.text}</span>
      {notice.retry && (
        <button
          type="button"
          className="ml-auto font-medium underline underline-offset-2"
          onClick={notice.retry}
        >
          Retry
        </button>
      )}
      <button
        type="button"
        aria-label="Dismiss"
        className={notice.retry ? "" : "ml-auto"}
        onClick={() => session.dismissNotice()}
      >
        <X aria-hidden size={14} />
      </button>
    </div>
  );
}
