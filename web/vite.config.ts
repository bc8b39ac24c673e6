import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { build, defineConfig, type Plugin } from "vite";
import { catalogue, drawProduct } from "./pictures/catalogue.ts";
import { backend, browsers, sources } from "./vite.shared.ts";

const page = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Serve the loader as one classic script in development, as the build does. */
function loaderInDevelopment(): Plugin {
  return {
    name: "assistify-loader",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/widget.js", async (_request, response, next) => {
        try {
          const result = await build({
            configFile: page("vite.loader.config.ts"),
            logLevel: "error",
            build: { write: false },
          });
          const output = [result].flat()[0];
          if (!output || !("output" in output)) throw new Error("the loader build gave no output");
          response.setHeader("Content-Type", "text/javascript");
          response.end(output.output[0].code);
        } catch (error) {
          next(error);
        }
      });
    },
  };
}

/** Let the history API own the paths of the shop and the console, as the server does. */
function pageFallback(): Plugin {
  return {
    name: "assistify-pages",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? "/").split("?")[0] ?? "/";
        if (path === "/console" || /^\/console\/[^.]*$/.test(path)) request.url = "/console/index.html";
        else if (path === "/widget" || path === "/widget/") request.url = "/widget/index.html";
        next();
      });
    },
  };
}

const PICTURES = "demo/pictures/";

/** The drawn products of the demo shop, as files at the addresses that its records name. */
function demoPictures(): Plugin {
  return {
    name: "assistify-demo-pictures",
    generateBundle() {
      for (const id of Object.keys(catalogue)) {
        this.emitFile({ type: "asset", fileName: `${PICTURES}${id}.svg`, source: drawProduct(id) ?? "" });
      }
    },
    configureServer(server) {
      server.middlewares.use(`/${PICTURES}`, (request, response, next) => {
        const svg = drawProduct((request.url ?? "").replace(/^\/|\.svg.*$/g, ""));
        if (svg === null) return next();
        response.setHeader("Content-Type", "image/svg+xml");
        response.end(svg);
      });
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), loaderInDevelopment(), pageFallback(), demoPictures()],
  resolve: { alias: { "@": sources } },
  server: {
    proxy: {
      "/ws": { target: backend, ws: true },
      "/sse": backend,
      "/api": backend,
      "/demo": backend,
      "/media": backend,
    },
  },
  build: {
    target: browsers,
    cssTarget: browsers,
    rolldownOptions: {
      input: { shop: page("index.html"), console: page("console/index.html") },
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
