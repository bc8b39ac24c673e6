import { Eye } from "lucide-react";

/** Where others have the field: why there is none. */
export function ReadOnly() {
  return (
    <p
      data-testid="read-only"
      className="mx-4 mb-4 flex shrink-0 items-center gap-2 rounded-2 border border-line bg-sub px-3 py-2.5 text-ink-2"
    >
      <Eye aria-hidden size={14} className="shrink-0" />
      You read along. Your role does not write in conversations.
    </p>
  );
}
