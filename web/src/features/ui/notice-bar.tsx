import { CircleAlert, Undo2, X } from "lucide-react";
import { useEffect } from "react";
import { Button, IconButton } from "./button";
import { dismissNotice, stays, useNotices } from "./notices";

/** Where notices appear. */
export function NoticeBar() {
  const notice = useNotices((state) => state.notice);

  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => useNotices.getState().notice === notice && dismissNotice(), stays(notice));
    return () => clearTimeout(timer);
  }, [notice]);

  function undo(): void {
    dismissNotice();
    notice?.undo?.();
  }

  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-3 bottom-4 z-40 flex justify-center max-md:bottom-16"
    >
      {notice !== null && (
        <div
          data-testid="notice"
          className="pointer-events-auto flex max-w-120 animate-rise items-center gap-2 rounded-2 border border-line-strong bg-raised py-1.5 pr-1.5 pl-4 shadow-float"
        >
          {notice.tone === "bad" && <CircleAlert aria-hidden size={16} className="shrink-0 text-bad" />}
          <p className="min-w-0 font-medium">{notice.words}</p>
          {notice.undo !== null && (
            <Button kind="quiet" data-testid="undo" className="text-brand" onClick={undo}>
              <Undo2 aria-hidden size={14} />
              Undo
            </Button>
          )}
          <IconButton name="Dismiss" onClick={dismissNotice}>
            <X size={14} />
          </IconButton>
        </div>
      )}
    </div>
  );
}
