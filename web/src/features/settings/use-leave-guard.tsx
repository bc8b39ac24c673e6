import { type ReactNode, useEffect } from "react";
import { useBlocker } from "react-router";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";

/** Asks before a page with unsaved changes is left; to be rendered by that page. */
export function useLeaveGuard(dirty: boolean): ReactNode {
  const blocker = useBlocker(dirty);

  useEffect(() => {
    if (!dirty) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", onUnload);
    return () => window.removeEventListener("beforeunload", onUnload);
  }, [dirty]);

  if (blocker.state !== "blocked") return null;
  return (
    <Dialog title="Leave without saving?" onClose={() => blocker.reset()}>
      <div className="flex flex-col gap-4 p-4">
        <p className="text-ink-2">What you have changed on this page is not saved yet.</p>
        <footer className="flex justify-end gap-2">
          <Button kind="quiet" onClick={() => blocker.proceed()}>
            Leave
          </Button>
          <Button kind="primary" onClick={() => blocker.reset()}>
            Stay here
          </Button>
        </footer>
      </div>
    </Dialog>
  );
}
