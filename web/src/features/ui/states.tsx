/** What a panel shows instead of its content: bones while loading, a next step when empty, a way out of errors. */

import { CircleAlert, RotateCcw } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button";

export function Bone({ className = "" }: { className?: string }) {
  return <span aria-hidden className={`block animate-pulse rounded-1 bg-sunk ${className}`} />;
}

type EmptyProps = { icon: ReactNode; title: string; children?: ReactNode; action?: ReactNode };

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="m-auto flex max-w-72 flex-col items-center gap-1 px-6 py-12 text-center">
      <span className="mb-2 grid size-10 place-items-center rounded-full bg-sunk text-ink-3">{icon}</span>
      <p className="font-medium">{title}</p>
      {children !== undefined && <p className="text-ink-2">{children}</p>}
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  );
}

/** An error and its Retry; `compact` for a card among others. */
export function Failed({
  reason,
  retry,
  compact = false,
}: {
  reason: string;
  retry: () => void;
  compact?: boolean;
}) {
  return (
    <div
      role="alert"
      className={`flex flex-col gap-2 ${compact ? "items-start" : "m-auto max-w-80 items-center px-6 py-12 text-center"}`}
    >
      <p className="flex gap-2 text-ink-2">
        <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-bad" />
        <span>{reason}</span>
      </p>
      <Button onClick={retry}>
        <RotateCcw aria-hidden size={14} />
        Retry
      </Button>
    </div>
  );
}
