import { Minus, Plus, ShoppingBag } from "lucide-react";
import { Link } from "react-router";
import { money } from "@/features/format/money";
import { type CartLine, useCart } from "./cart";
import { type Product, productPath } from "./records";
import { useCatalogue } from "./use-records";
import { useTitle } from "./use-title";

export function CartPage() {
  useTitle("Cart");
  const lines = useCart((state) => state.lines);
  const products = useCatalogue((state) => state.products) ?? [];
  const rows = lines.flatMap((line) => {
    const product = products.find((candidate) => candidate.id === line.product);
    return product ? [{ line, product }] : [];
  });
  if (rows.length === 0) return <EmptyCart />;
  const currency = rows[0]?.product.currency ?? "EUR";
  const total = rows.reduce((sum, { line, product }) => sum + product.price * line.quantity, 0);
  return (
    <div className="mx-auto max-w-[720px]">
      <h1 className="mt-10 mb-6 text-28 font-semibold tracking-tight">Cart</h1>
      <ul className="divide-y divide-line rounded-[14px] border border-line bg-bg">
        {rows.map(({ line, product }) => (
          <Row key={`${line.product}${line.option}`} line={line} product={product} />
        ))}
      </ul>
      <p className="mt-5 flex justify-between px-1 text-16 font-semibold">
        <span>Total</span>
        {money(total, currency)}
      </p>
      <p className="mt-1 px-1 text-14 text-ink-2">This shop is a demonstration: nothing can be paid here.</p>
    </div>
  );
}

function Row({ line, product }: { line: CartLine; product: Product }) {
  const change = useCart((state) => state.change);
  const button = "grid size-7 place-items-center rounded-1 border border-line-strong hover:bg-sunk";
  return (
    <li className="flex items-center gap-4 p-4">
      <img src={product.image_url ?? ""} alt="" className="size-16 rounded-1 object-cover" />
      <div className="min-w-0 flex-1">
        <Link to={productPath(product)} className="font-medium hover:underline">
          {product.title}
        </Link>
        {line.option && <p className="text-14 text-ink-3">Size {line.option}</p>}
      </div>
      <div className="flex items-center gap-2">
        <button
          type="button"
          aria-label={`One ${product.title} less`}
          className={button}
          onClick={() => change(line.product, line.option, line.quantity - 1)}
        >
          <Minus aria-hidden size={14} />
        </button>
        <span className="w-5 text-center">{line.quantity}</span>
        <button
          type="button"
          aria-label={`One ${product.title} more`}
          className={button}
          onClick={() => change(line.product, line.option, line.quantity + 1)}
        >
          <Plus aria-hidden size={14} />
        </button>
      </div>
      <span className="w-24 text-right">{money(product.price * line.quantity, product.currency)}</span>
    </li>
  );
}

function EmptyCart() {
  return (
    <div className="mx-auto mt-20 max-w-[420px] text-center">
      <ShoppingBag aria-hidden size={36} strokeWidth={1.25} className="mx-auto text-ink-3" />
      <h1 className="mt-4 text-20 font-semibold">Your cart is empty</h1>
      <p className="mt-2 text-ink-2">What you add is kept here, in this browser.</p>
      <Link
        to="/"
        className="mt-5 inline-block rounded-full bg-ink px-6 py-2.5 font-medium text-bg hover:opacity-90"
      >
        Look around
      </Link>
    </div>
  );
}
