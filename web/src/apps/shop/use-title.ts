import { useEffect } from "react";

const SHOP = "Demo Outfitters";

/** Name the page; a product's page also says which product it shows, which the widget reads. */
export function useTitle(title: string, productId: string | null = null): void {
  useEffect(() => {
    document.title = title === SHOP ? title : `${title} · ${SHOP}`;
    if (productId === null) return;
    const mark = document.createElement("meta");
    mark.name = "assistify:product";
    mark.content = productId;
    document.head.append(mark);
    return () => mark.remove();
  }, [title, productId]);
}
