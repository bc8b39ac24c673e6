import { create } from "zustand";
import { persist } from "zustand/middleware";

export type CartLine = { slug: string; option: string; quantity: number };

type Cart = {
  lines: CartLine[];
  add: (slug: string, option: string) => void;
  change: (slug: string, option: string, quantity: number) => void;
};

/** The goods that the visitor wants; kept in this browser. */
export const useCart = create<Cart>()(
  persist(
    (set) => ({
      lines: [],
      add: (slug, option) =>
        set(({ lines }) => {
          const known = lines.find((line) => line.slug === slug && line.option === option);
          if (!known) return { lines: [...lines, { slug, option, quantity: 1 }] };
          return {
            lines: lines.map((line) => (line === known ? { ...line, quantity: line.quantity + 1 } : line)),
          };
        }),
      change: (slug, option, quantity) =>
        set(({ lines }) => ({
          lines: lines
            .map((line) => (line.slug === slug && line.option === option ? { ...line, quantity } : line))
            .filter((line) => line.quantity > 0),
        })),
    }),
    { name: "demo-outfitters:cart" },
  ),
);
