import { Link } from "react-router";
import { money } from "@/features/format/money";
import { LoadingProblem } from "./loading-problem";
import { type Product, productPath } from "./records";
import { useCatalogue } from "./use-records";

/** Goods as cards; grey ones in their places while they load. */
export function ProductGrid({ products }: { products: readonly Product[] | null }) {
  const { error, load } = useCatalogue();
  if (error) return <LoadingProblem text={error} onRetry={() => void load()} />;
  return (
    <ul className="grid grid-cols-2 gap-x-5 gap-y-8 md:grid-cols-3 lg:grid-cols-4">
      {products?.map((product) => <ProductCard key={product.id} product={product} />) ??
        SKELETONS.map((key) => <Skeleton key={key} />)}
    </ul>
  );
}

const SKELETONS = ["a", "b", "c", "d", "e", "f", "g", "h"];

function ProductCard({ product }: { product: Product }) {
  return (
    <li>
      <Link to={productPath(product)} className="group block" data-testid="shop-product">
        <span className="relative block overflow-hidden rounded-[14px] bg-sunk">
          <img
            src={product.image_url ?? ""}
            alt=""
            width={400}
            height={400}
            loading="lazy"
            className="aspect-square w-full object-cover transition-transform duration-200 group-hover:scale-[1.03]"
          />
          <Badge product={product} />
        </span>
        <span className="mt-2.5 block font-medium group-hover:underline">{product.title}</span>
        <Price product={product} />
      </Link>
    </li>
  );
}

function Badge({ product }: { product: Product }) {
  const text = product.stock === 0 ? "Sold out" : product.old_price ? "Sale" : null;
  if (!text) return null;
  return (
    <span className="absolute top-2.5 left-2.5 rounded-full bg-bg px-2.5 py-0.5 text-12 font-medium">
      {text}
    </span>
  );
}

export function Price({ product }: { product: Product }) {
  return (
    <span className="flex gap-2 text-ink-2">
      {money(product.price, product.currency)}
      {product.old_price && (
        <s className="text-ink-3">
          <span className="sr-only">before </span>
          {money(product.old_price, product.currency)}
        </s>
      )}
    </span>
  );
}

function Skeleton() {
  return (
    <li aria-hidden>
      <div className="aspect-square rounded-[14px] bg-sunk" />
      <div className="mt-3 h-4 w-2/3 rounded-1 bg-sunk" />
      <div className="mt-2 h-4 w-1/3 rounded-1 bg-sunk" />
    </li>
  );
}
