import type { ReactNode } from "react";
import { useWidget } from "./use-widget";

type VisitLinkProps = {
  url: string;
  className?: string;
  label?: string;
  onVisit?: () => void;
  children: ReactNode;
};

/** A link into the shop: it opens in the shop's page, not in the panel's frame. */
export function VisitLink({ url, className, label, onVisit, children }: VisitLinkProps) {
  const { model } = useWidget();
  return (
    <a
      href={url}
      target="_top"
      aria-label={label}
      className={className}
      onClick={(event) => {
        onVisit?.();
        if (window.parent === window || event.metaKey || event.ctrlKey) return;
        event.preventDefault();
        model.visit(url);
      }}
    >
      {children}
    </a>
  );
}
