import { Check, MessageCircle, Truck } from "lucide-react";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { useCart } from "./cart";
import { NotFoundPage } from "./not-found-page";
import { Price, ProductGrid } from "./product-grid";
import { categoryPath, type Product } from "./records";
import { useCatalogue } from "./use-records";
import { useTitle } from "./use-title";
import { openChat } from "./visitor";

export function ProductPage() {
  const { id } = useParams();
  const { products, error } = useCatalogue();
  if (!products) return error ? <ProductGrid products={null} /> : <div className="h-[70vh]" />;
  const product = products.find((candidate) => candidate.id === id);
  return product ? <ProductView key={product.id} product={product} products={products} /> : <NotFoundPage />;
}

function ProductView({ product, products }: { product: Product; products: readonly Product[] }) {
  useTitle(product.title, product.id);
  const related = products.filter((other) => other.category === product.category && other.id !== product.id);
  return (
    <>
      <div className="mt-8 grid gap-8 md:grid-cols-2 md:gap-12">
        <img
          src={product.image_url ?? ""}
          alt={product.title}
          width={400}
          height={400}
          className="aspect-square w-full rounded-[18px] bg-sunk object-cover"
        />
        <div>
          <Link
            to={categoryPath(product.category)}
            className="text-14 text-ink-3 capitalize hover:text-ink hover:underline"
          >
            {product.category}
          </Link>
          <h1 className="mt-1 text-28 font-semibold tracking-tight">{product.title}</h1>
          <div className="mt-2 text-20">
            <Price product={product} />
          </div>
          <p className="mt-5 max-w-[520px] text-16 text-ink-2">{product.description}</p>
          <Purchase product={product} />
          <dl className="mt-8 grid max-w-[520px] grid-cols-[110px_1fr] gap-y-2 border-t border-line pt-5 text-14">
            {product.material && <Fact name="Material" value={product.material} />}
            {product.colours.length > 0 && <Fact name="Colours" value={product.colours.join(", ")} />}
            <Fact name="Returns" value="Free within 30 days" />
          </dl>
        </div>
      </div>
      {related.length > 0 && (
        <>
          <h2 className="mt-16 mb-5 text-20 font-semibold tracking-tight">More {product.category}</h2>
          <ProductGrid products={related.slice(0, 4)} />
        </>
      )}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="first-letter:uppercase">{value}</dd>
    </>
  );
}

function Purchase({ product }: { product: Product }) {
  const { sizes } = product;
  const [size, setSize] = useState(sizes.length === 1 ? (sizes[0] ?? "") : "");
  const [isAdded, setAdded] = useState(false);
  const add = useCart((state) => state.add);
  const isSoldOut = product.stock === 0;
  const needsSize = sizes.length > 0 && size === "";
  return (
    <div className="mt-6 max-w-[520px]">
      {sizes.length > 1 && (
        <fieldset>
          <legend className="mb-2 text-14 font-medium">Size</legend>
          <div className="flex flex-wrap gap-2">
            {sizes.map((candidate) => (
              <button
                key={candidate}
                type="button"
                aria-pressed={size === candidate}
                onClick={() => setSize(candidate)}
                className={`min-w-11 rounded-1 border px-3 py-1.5 text-14 transition-colors ${
                  size === candidate ? "border-ink bg-ink text-bg" : "border-line-strong hover:border-ink"
                }`}
              >
                {candidate}
              </button>
            ))}
          </div>
        </fieldset>
      )}
      <div className="mt-5 flex flex-wrap gap-3">
        <button
          type="button"
          disabled={isSoldOut || needsSize}
          onClick={() => {
            add(product.id, size);
            setAdded(true);
          }}
          className="rounded-full bg-ink px-6 py-2.5 font-medium text-bg transition-opacity hover:opacity-90 disabled:bg-sunk disabled:text-ink-3"
        >
          {isSoldOut ? "Sold out" : needsSize ? "Choose a size" : "Add to cart"}
        </button>
        <button
          type="button"
          onClick={openChat}
          className="flex items-center gap-2 rounded-full border border-line-strong px-5 py-2.5 font-medium transition-colors hover:bg-sunk"
        >
          <MessageCircle aria-hidden size={17} strokeWidth={1.75} />
          Ask about it
        </button>
      </div>
      <p role="status" className="mt-3 flex items-center gap-2 text-14 text-ink-2">
        {isAdded ? (
          <>
            <Check aria-hidden size={16} className="text-ok" />
            In your cart.{" "}
            <Link to="/cart" className="underline underline-offset-2">
              See the cart
            </Link>
          </>
        ) : (
          <>
            <Truck aria-hidden size={16} />
            {availability(product)}
          </>
        )}
      </p>
    </div>
  );
}

function availability({ stock }: Product): string {
  if (stock === 0) return "Not in stock at the moment";
  return stock <= 5 ? `Only ${stock} left, sent today` : "In stock, sent today";
}
