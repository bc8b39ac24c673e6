import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { browsers, sources } from "./vite.shared.ts";

/** One classic script without imports, at an address that shops write into their pages. */
export default defineConfig({
  resolve: { alias: { "@": sources } },
  build: {
    target: browsers,
    emptyOutDir: false,
    copyPublicDir: false,
    lib: {
      entry: fileURLToPath(new URL("loader/main.ts", import.meta.url)),
      formats: ["iife"],
      name: "AssistifyLoader",
      fileName: () => "widget.js",
    },
  },
});
