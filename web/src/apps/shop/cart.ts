import { create } from "zustand";
import { persist } from "zustand/middleware";

export type CartLine = { product: string; option: string; quantity: number };

type Cart = {
  lines: CartLine[];
  add: (product: string, option: string) => void;
  change: (product: string, option: string, quantity: number) => void;
};

/** The goods that the visitor wants; kept in this browser. */
export const useCart = create<Cart>()(
  persist(
    (set) => ({
      lines: [],
      add: (product, option) =>
        set(({ lines }) => {
          const known = lines.find((line) => line.product === product && line.option === option);
          if (!known) return { lines: [...lines, { product, option, quantity: 1 }] };
          return {
            lines: lines.map((line) => (line === known ? { ...line, quantity: line.quantity + 1 } : line)),
          };
        }),
      change: (product, option, quantity) =>
        set(({ lines }) => ({
          lines: lines
            .map((line) =>
              line.product === product && line.option === option ? { ...line, quantity } : line,
            )
            .filter((line) => line.quantity > 0),
        })),
    }),
    { name: "demo-outfitters:cart" },
  ),
);
