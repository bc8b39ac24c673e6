import { useCallback, useEffect, useState } from "react";
import { create } from "zustand";
import { fetchRecords, type Product } from "./records";

export type Loaded<T> = { data: T | null; error: string | null; reload: () => void };

/** Load a list when the page is shown; `null` as the path loads nothing. */
export function useRecords<T>(path: string | null): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again
  useEffect(() => {
    if (path === null) return;
    let isCurrent = true;
    setError(null);
    fetchRecords<T>(path).then(
      (records) => isCurrent && setData(records),
      (reason: Error) => isCurrent && setError(reason.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [path, attempt]);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { data, error, reload };
}

type Catalogue = { products: Product[] | null; error: string | null; load: () => Promise<void> };

/** The goods, loaded once for all pages. */
export const useCatalogue = create<Catalogue>((set, get) => ({
  products: null,
  error: null,
  async load() {
    if (get().products) return;
    set({ error: null });
    try {
      set({ products: await fetchRecords<Product[]>("/demo/products") });
    } catch (reason) {
      set({ error: (reason as Error).message });
    }
  },
}));
