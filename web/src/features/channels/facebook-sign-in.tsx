import { ExternalLink } from "lucide-react";
import { Button } from "../ui/button";

/** Connect pages by signing in at Facebook: they are chosen there, and the browser comes back. */
export function FacebookSignIn({ address }: { address: string }) {
  return (
    <div className="flex items-center justify-between gap-3 rounded-2 border border-line bg-sub p-3">
      <p className="text-ink-2">
        Choose your pages at Facebook. The Instagram accounts behind them are connected, too.
      </p>
      <Button
        kind="primary"
        className="h-8 shrink-0"
        data-testid="facebook-sign-in"
        onClick={() => location.assign(address)}
      >
        Sign in
        <ExternalLink aria-hidden size={14} />
      </Button>
    </div>
  );
}
