import { TriangleAlert } from "lucide-react";
import { CopyField } from "../ui/copy-field";
import type { ChannelKind } from "./channels";
import { guideOf, proxyUrl } from "./guides";

/** Vendors that this server tells its address itself. */
const TOLD_BY_ITSELF: ReadonlySet<string> = new Set(["telegram"]);

type AddressProps = { kind: ChannelKind; verifyToken: string | null };

/** What to paste at the vendor, letter by letter. */
export function WebhookAddress({ kind, verifyToken }: AddressProps) {
  const url = kind.webhook_url;
  if (url === null) return null;
  return (
    <div className="flex flex-col gap-3">
      {!TOLD_BY_ITSELF.has(kind.kind) && <CopyField label="Webhook address" value={url} />}
      {kind.kind === "shopify" && <CopyField label="Address of the app proxy" value={proxyUrl(url)} />}
      {verifyToken !== null && <CopyField label="Verify token" value={verifyToken} />}
      {guideOf(kind.kind).paste.map(({ label, value }) => (
        <CopyField key={label} label={label} value={value} />
      ))}
      {isLocal(url) && (
        <p className="flex gap-2 rounded-1 bg-warn-soft px-3 py-2 text-warn">
          <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
          This server runs on your own machine, where no vendor can reach it. Set ASSISTIFY_PUBLIC_URL to its
          public HTTPS address.
        </p>
      )}
    </div>
  );
}

/** Whether an address is that of the machine itself. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
