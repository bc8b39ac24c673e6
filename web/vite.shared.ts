import { fileURLToPath } from "node:url";

export const sources = fileURLToPath(new URL("./src", import.meta.url));

/** Browsers that know `light-dark()`, which the design tokens are written in. */
export const browsers = ["chrome123", "edge123", "firefox120", "safari17.5"];

/** Where the Assistify server listens while the pages come from Vite's dev server. */
export const backend = process.env.ASSISTIFY_DEV_SERVER ?? "http://127.0.0.1:8000";
