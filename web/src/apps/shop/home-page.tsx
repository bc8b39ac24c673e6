import { ArrowRight, RotateCcw, Truck, Wrench } from "lucide-react";
import { Link } from "react-router";
import { Landscape } from "./landscape";
import { ProductGrid } from "./product-grid";
import { categoriesOf, categoryPath, type Product } from "./records";
import { useCatalogue } from "./use-records";
import { useTitle } from "./use-title";

const PROMISES = [
  { icon: Truck, title: "At your door in days", text: "Sent from Berlin every working day." },
  { icon: RotateCcw, title: "Free returns", text: "Thirty days to change your mind." },
  { icon: Wrench, title: "Made to be mended", text: "Two years of warranty, spare parts for more." },
];

export function HomePage() {
  useTitle("Demo Outfitters");
  const products = useCatalogue((state) => state.products);
  return (
    <>
      <section className="relative mt-6 overflow-hidden rounded-[20px]">
        <Landscape className="absolute inset-0 h-full w-full" />
        <div className="relative px-7 pt-14 pb-40 md:px-12 md:pt-20 md:pb-44">
          <h1 className="max-w-[680px] text-28 font-semibold tracking-tight md:text-40">
            Good gear for bad weather
          </h1>
          <p className="mt-3 max-w-[420px] text-16 text-ink-2">
            Jackets, tents and boots that we would take on our own next trip.
          </p>
          <Link
            to="/categories/jackets"
            className="mt-6 inline-flex items-center gap-2 rounded-full bg-ink px-5 py-2.5 font-medium text-bg transition-opacity hover:opacity-90"
          >
            See the jackets
            <ArrowRight aria-hidden size={16} />
          </Link>
        </div>
      </section>
      <ul className="mt-6 grid gap-4 sm:grid-cols-3">
        {PROMISES.map(({ icon: Icon, title, text }) => (
          <li key={title} className="flex items-start gap-3 rounded-2 border border-line bg-bg p-4">
            <Icon aria-hidden size={20} strokeWidth={1.5} className="mt-0.5 shrink-0 text-ink-3" />
            <div>
              <p className="font-medium">{title}</p>
              <p className="text-14 text-ink-2">{text}</p>
            </div>
          </li>
        ))}
      </ul>
      <h2 className="mt-12 mb-5 text-20 font-semibold tracking-tight">Ready for the season</h2>
      <ProductGrid products={products && picks(products)} />
      <h2 className="mt-14 mb-5 text-20 font-semibold tracking-tight">By category</h2>
      <Categories products={products ?? []} />
    </>
  );
}

/** One of each category, those at a better price first, for a varied first page. */
function picks(products: readonly Product[]): Product[] {
  const best = categoriesOf(products).flatMap((category) => {
    const stocked = products.filter((product) => product.category === category && product.stock > 0);
    return stocked.find((product) => product.old_price) ?? stocked[0] ?? [];
  });
  return best.slice(0, 8);
}

function Categories({ products }: { products: readonly Product[] }) {
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-4">
      {categoriesOf(products).map((category) => {
        const own = products.filter((product) => product.category === category);
        return (
          <li key={category}>
            <Link
              to={categoryPath(category)}
              className="flex items-center gap-3 rounded-2 border border-line bg-bg p-2.5 transition-colors hover:border-line-strong"
            >
              <img src={own.at(-1)?.image_url ?? ""} alt="" className="size-12 rounded-1 object-cover" />
              <span>
                <span className="block font-medium capitalize">{category}</span>
                <span className="block text-13 text-ink-3">{own.length} products</span>
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
