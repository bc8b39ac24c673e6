/** What the demo shop's server tells about its goods and its one signed-in customer. */

/** Amounts are in the minor unit of `currency`. */
export type Product = {
  /** What the shop itself calls it. */
  id: string;
  title: string;
  price: number;
  old_price: number | null;
  currency: string;
  category: string;
  image_url: string | null;
  url: string | null;
  stock: number;
  description: string;
  sizes: string[];
  colours: string[];
  material: string | null;
};

export type Order = {
  number: string;
  state: string;
  placed: string;
  total: number;
  currency: string;
  items: string[];
  carrier: string | null;
  tracking: string | null;
  arrives: string | null;
  delivered: string | null;
};

export type Article = { title: string; url: string; body: string };

export type DemoSession = {
  widget_key: string;
  identity: { id: string; hash: string; name?: string; email?: string } | null;
};

/** Read one of the demo's lists. Throws an Error that says what to do. */
export async function fetchRecords<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(`The shop did not answer (${response.status}). Try again in a moment.`);
  return (await response.json()) as T;
}

export function productPath(product: Product): string {
  return product.url ?? `/products/${product.id}`;
}

export function categoriesOf(products: readonly Product[]): string[] {
  return [...new Set(products.map((product) => product.category))];
}

export function categoryPath(category: string): string {
  return `/categories/${encodeURIComponent(category.replaceAll(" ", "-"))}`;
}
