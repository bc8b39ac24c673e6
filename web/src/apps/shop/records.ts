/** What the demo shop's server tells about its goods and its one signed-in customer. */

export type Product = {
  id: string;
  external_id?: string;
  title: string;
  /** A number counts the minor unit, a string is decimal. */
  price: number | string;
  old_price?: number | string | null;
  currency: string;
  category: string;
  image_url: string | null;
  url: string;
  stock: number;
  description: string;
  sizes?: string[];
  colours?: string[];
  material?: string | null;
  restock?: string | null;
};

export type OrderItem = {
  title: string;
  quantity: number;
  price?: number | string | null;
  external_id?: string | null;
};

export type Order = {
  number: string;
  status: string;
  placed_at: string;
  total: number | string;
  currency: string;
  items: OrderItem[];
  carrier?: string | null;
  tracking_code?: string | null;
  tracking_url?: string | null;
  arrives_on?: string | null;
  delivered_on?: string | null;
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

/** The last part of a product's address: what the shop itself calls it. */
export function slugOf(product: Product): string {
  return product.url.split("/").filter(Boolean).at(-1) ?? product.id;
}

export function categoriesOf(products: readonly Product[]): string[] {
  return [...new Set(products.map((product) => product.category))];
}

export function categoryPath(category: string): string {
  return `/category/${encodeURIComponent(category.replaceAll(" ", "-"))}`;
}
