import { RefreshCw } from "lucide-react";
import { Button } from "@/features/ui/button";
import { Empty } from "@/features/ui/states";

/** In place of a page that broke, or whose files went away: with an older release, or with the network. */
export function PageProblem() {
  return (
    <main className="flex min-w-0 flex-1">
      <Empty
        icon={<RefreshCw size={18} />}
        title="This page could not be shown"
        action={
          <Button kind="primary" onClick={() => location.reload()}>
            Reload
          </Button>
        }
      >
        {navigator.onLine
          ? "A newer version may have been installed meanwhile."
          : "There is no network. Reload when it is back."}{" "}
        What you have written is kept.
      </Empty>
    </main>
  );
}
