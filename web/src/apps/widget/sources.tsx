import { FileText } from "lucide-react";
import type { Source } from "@/wire/wire.gen";
import { OrderCard } from "./order-card";
import { VisitLink } from "./visit-link";

/** Where the facts of an answer come from: orders as cards, the rest as links. */
export function Sources({ sources }: { sources: readonly Source[] }) {
  const chip =
    "flex items-center gap-1 rounded-full border border-line px-2.5 py-px text-12 text-ink-2 transition-colors";
  const links = sources.filter((source) => !source.order);
  return (
    <>
      {sources.map((source) => source.order && <OrderCard key={source.title} order={source.order} />)}
      {links.length > 0 && (
        <ul aria-label="Sources" className="mt-1.5 flex max-w-full flex-wrap gap-1.5">
          {links.map((source) => (
            <li key={`${source.title}${source.url ?? ""}`}>
              {source.url ? (
                <VisitLink url={source.url} className={`${chip} hover:border-line-strong hover:text-ink`}>
                  <FileText aria-hidden size={11} strokeWidth={1.75} />
                  {source.title}
                </VisitLink>
              ) : (
                <span className={chip}>{source.title}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
