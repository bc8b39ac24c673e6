/** Light, dark, or as the system says; kept in this browser. */

import { create } from "zustand";
import { persist } from "zustand/middleware";

export type Theme = "system" | "light" | "dark";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

type ThemeState = { theme: Theme; set: (theme: Theme) => void; next: () => void };

export const useTheme = create<ThemeState>()(
  persist(
    (set) => ({
      theme: "system",
      set: (theme) => set({ theme }),
      next: () => set(({ theme }) => ({ theme: NEXT[theme] })),
    }),
    { name: "assistify.theme", partialize: ({ theme }) => ({ theme }) },
  ),
);

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Keep the page in the chosen theme from now on. */
export function followTheme(): void {
  apply(useTheme.getState().theme);
  useTheme.subscribe(({ theme }) => apply(theme));
}
