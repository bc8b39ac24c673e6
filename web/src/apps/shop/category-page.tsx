import { useParams } from "react-router";
import { NotFoundPage } from "./not-found-page";
import { ProductGrid } from "./product-grid";
import { useCatalogue } from "./use-records";
import { useTitle } from "./use-title";

export function CategoryPage() {
  const category = (useParams().category ?? "").replaceAll("-", " ");
  const products = useCatalogue((state) => state.products);
  useTitle(`${category.charAt(0).toUpperCase()}${category.slice(1)}`);
  const own = products?.filter((product) => product.category === category) ?? null;
  if (own?.length === 0) return <NotFoundPage />;
  return (
    <>
      <h1 className="mt-10 text-28 font-semibold tracking-tight capitalize">{category}</h1>
      <p className="mt-1 mb-7 text-ink-2">{own ? `${own.length} products` : " "}</p>
      <ProductGrid products={own} />
    </>
  );
}
