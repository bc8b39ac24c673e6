import type { MessageView } from "@/shared/session/state";
import { ProductPicture } from "../customer/product-picture";
import { money } from "../format/money";

/** The products that came with an answer, side by side where there is room. */
export function ProductCards({ products }: { products: MessageView["products"] }) {
  return (
    <ul aria-label="Products in this answer" className="mt-2 flex max-w-full flex-wrap gap-2">
      {products.map((product) => (
        <li
          key={product.id}
          className="flex min-w-44 max-w-56 flex-1 items-center gap-2.5 rounded-2 border border-line bg-raised p-2 text-ink"
        >
          <ProductPicture url={product.image_url ?? null} />
          <div className="min-w-0 flex-1">
            <p className="truncate font-medium" title={product.title}>
              {product.title}
            </p>
            <p className="flex gap-2 text-12 text-ink-3">
              <span className="min-w-0 flex-1 truncate" title={product.reason}>
                {product.reason}
              </span>
              <span className="text-ink-2">{money(product.price, product.currency)}</span>
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
