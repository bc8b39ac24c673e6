import { ExternalLink } from "lucide-react";
import { Button } from "../ui/button";
import type { WayIn } from "./channels";

/** Connect accounts by signing in at the vendor; the browser comes back from there. */
export function VendorSignIn({ way }: { way: WayIn }) {
  return (
    <div className="flex items-center justify-between gap-3 rounded-2 border border-line bg-sub p-3">
      <p className="text-ink-2">{way.about}</p>
      <Button
        kind="primary"
        className="h-8 shrink-0"
        data-testid={`${way.at}-sign-in`}
        onClick={() => location.assign(way.address)}
      >
        Sign in
        <ExternalLink aria-hidden size={14} />
      </Button>
    </div>
  );
}
