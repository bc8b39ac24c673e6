import { defineConfig } from "vitest/config";
import { sources } from "./vite.shared.ts";

export default defineConfig({
  resolve: { alias: { "@": sources } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "loader/**/*.test.ts", "pictures/**/*.test.ts"],
    restoreMocks: true,
    setupFiles: ["./vitest.setup.ts"],
  },
});
