import { RefreshCw } from "lucide-react";
import { Button } from "@/features/ui/button";
import { Empty } from "@/features/ui/states";

/** In place of a page that broke, or whose files went away with an older release. */
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
        A newer version may have been installed meanwhile. What you have written is kept.
      </Empty>
    </main>
  );
}
