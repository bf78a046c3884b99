import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { oneLanguage, words } from "./words.config.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** simple-peer is written for Node's names. The free name `process` becomes our shim, `global` the global object. */
const nodeNames = {
  inject: { process: [here("./src/platform/web/process-shim.ts"), "process"] as [string, string] },
  define: { global: "globalThis" },
};

/** The fonts of the first paint start to load with the page, not after its stylesheet: no jump when they come. */
const preloadFonts: Plugin = {
  name: "preload-fonts",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((file) => /ibm-plex-sans-latin-(400|600)-normal-.*\.woff2$/.test(file))
        .map((file) => ({
          tag: "link",
          attrs: { rel: "preload", as: "font", type: "font/woff2", href: `./${file}`, crossorigin: true },
          injectTo: "head" as const,
        })),
  },
};

/** The server sends the smallest form that a browser takes; it packs nothing while people wait. */
const packed: Plugin = {
  name: "packed",
  apply: "build",
  async writeBundle({ dir = "" }, bundle) {
    const texts = Object.keys(bundle).filter((file) => /\.(js|css|html|svg|json)$/.test(file));
    await Promise.all(
      texts.map(async (file) => {
        const path = join(dir, file);
        const bytes = await readFile(path);
        await Promise.all([
          writeFile(`${path}.br`, brotliCompressSync(bytes)),
          writeFile(`${path}.gz`, gzipSync(bytes)),
        ]);
      }),
    );
  },
};

/** With `--logLevel warn` Vite says only what is wrong, so a person who waits gets a line from here. */
const announced: Plugin = {
  name: "announced",
  apply: "build",
  configResolved: ({ logLevel }) => {
    if (logLevel === "warn") process.stdout.write("Building the page…\n");
  },
};

export default defineConfig({
  root: here("."),
  // One build for any path: whatever the page loads, it names from where it lies itself.
  base: "./",
  plugins: [announced, words, oneLanguage, svelte(), preloadFonts, packed],
  // Unicode's list of confusables as one object: an export for each letter would be twice the bytes.
  json: { namedExports: false },
  resolve: {
    alias: [
      { find: /^buffer$/, replacement: "buffer/" },
      { find: /^safe-buffer$/, replacement: "buffer/" },
      { find: /^events$/, replacement: "events/" },
      { find: /^debug$/, replacement: here("./src/platform/web/debug-shim.ts") },
    ],
  },
  optimizeDeps: { rolldownOptions: { transform: nodeNames } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Most of the time goes to packing, as it is meant to: no hint about that.
    rolldownOptions: { transform: nodeNames, checks: { bundlerTimings: false } },
  },
  worker: { format: "es" },
  server: {
    proxy: {
      "/socket.io": { target: "http://localhost:3000", ws: true },
      "/healthz": "http://localhost:3000",
      "/addresses.json": "http://localhost:3000",
    },
  },
});
