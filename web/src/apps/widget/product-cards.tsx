import { ShoppingBag } from "lucide-react";
import { useState } from "react";
import { money } from "@/features/format/money";
import type { RecommendedProduct } from "@/wire/wire.gen";
import { VisitLink } from "./visit-link";

/** Products that go with an answer, in a row that scrolls. */
export function ProductCards({ products }: { products: readonly RecommendedProduct[] }) {
  return (
    <ul
      aria-label="Recommended products"
      className="quiet-scroll -mx-4 mt-2 flex w-[calc(100%+32px)] snap-x gap-2.5 overflow-x-auto px-4 pb-1.5"
    >
      {products.map((product) => (
        <li
          key={product.id}
          data-testid="product-card"
          className="flex w-[156px] shrink-0 snap-start scroll-ml-4 flex-col overflow-hidden rounded-[12px] border border-line text-13"
        >
          <Picture url={product.image_url ?? null} />
          <div className="flex flex-1 flex-col px-2.5 py-2">
            <p className="line-clamp-2 font-medium leading-snug">{product.title}</p>
            <p className="mt-0.5">{money(product.price, product.currency)}</p>
            <p className="mb-2 line-clamp-2 text-12 text-ink-3">{product.reason}</p>
            {product.url && (
              <VisitLink
                url={product.url}
                label={`View ${product.title}`}
                onVisit={() => noteClick(product.recommendation)}
                className="mt-auto rounded-1 border border-line-strong py-1 text-center font-medium transition-colors hover:bg-sub"
              >
                View
              </VisitLink>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Tells the server that a recommended product was opened; a beacon survives the leaving of the page. */
function noteClick(recommendation: string) {
  navigator.sendBeacon(`/api/recommendations/${encodeURIComponent(recommendation)}/click/`);
}

function Picture({ url }: { url: string | null }) {
  const [isBroken, setBroken] = useState(false);
  return (
    <span className="grid h-28 place-items-center bg-sunk text-ink-3">
      {url === null || isBroken ? (
        <ShoppingBag aria-hidden size={28} strokeWidth={1.25} />
      ) : (
        <img
          src={url}
          alt=""
          loading="lazy"
          className="h-28 w-full object-cover object-[50%_40%]"
          onError={() => setBroken(true)}
        />
      )}
    </span>
  );
}
