import { RefreshCw, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useConsole } from "@/features/live/console-session";
import { useLive } from "@/features/live/use-session";
import { Button } from "@/features/ui/button";

/** A short break mends itself before anybody has to know. */
const QUIET_MS = 1500;

/** Tells of a lost line, and of one that will not come back by itself. */
export function ConnectionBanner() {
  const { client } = useConsole();
  const link = useLive((state) => state.link);
  const [late, setLate] = useState(false);
  const broken = link === "waiting" || link === "connecting";

  useEffect(() => {
    setLate(false);
    if (!broken) return;
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [broken]);

  if (link === "ended") {
    return (
      <Banner words="The server has ended this session. Reload the page to go on.">
        <Button onClick={() => location.reload()}>
          <RefreshCw aria-hidden size={14} />
          Reload
        </Button>
      </Banner>
    );
  }
  if (!broken || !late) return null;
  return (
    <Banner words="Reconnecting. What you write is kept and sent as soon as the line is back.">
      <Button onClick={() => client.retry()}>Try now</Button>
    </Banner>
  );
}

function Banner({ words, children }: { words: string; children: React.ReactNode }) {
  return (
    <div
      role="status"
      data-testid="connection-banner"
      className="flex items-center justify-center gap-3 border-line border-b bg-warn-soft px-4 py-1.5 text-warn"
    >
      <WifiOff aria-hidden size={16} />
      <span>{words}</span>
      {children}
    </div>
  );
}
