import type { EmbedPage } from "@/shared/embed";

const PRODUCT_MARKS = 'meta[name="assistify:product"], meta[property="product:retailer_item_id"]';

/** The page that the visitor is on, and the product it shows when the page says so. */
export function pageContext(): EmbedPage {
  const product = document.querySelector<HTMLMetaElement>(PRODUCT_MARKS)?.content;
  return { url: location.href, title: document.title, ...(product ? { product_id: product } : {}) };
}

/** Call back after the visitor moved to another page of a single-page shop. */
export function onPageChange(callback: () => void): void {
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation) {
    navigation.addEventListener("navigatesuccess", callback);
  } else {
    window.addEventListener("popstate", callback);
    window.addEventListener("hashchange", callback);
  }
}
