/** A server of one blank page with simple-peer, on which raw channels are measured. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** simple-peer's bundle as npm ships it. */
const shipped = (): Promise<string> =>
  readFile(createRequire(import.meta.url).resolve("simple-peer/simplepeer.min.js"), "utf8");

/** simple-peer as our page's build has it. */
export const builtByUs = async (): Promise<string> => {
  const built = await build({
    configFile: fileURLToPath(new URL("../../../client/vite.config.ts", import.meta.url)),
    logLevel: "error",
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL("./simple-peer-entry.ts", import.meta.url)),
        formats: ["iife"],
        name: "entry",
      },
    },
  });
  const [output] = [built].flat() as { output: { code?: string }[] }[];
  const code = output?.output[0]?.code;
  if (code === undefined) throw new Error("the build has no code");
  return code;
};

export const serveBlank = async (
  host = "localhost",
  bundle: Promise<string> = shipped(),
): Promise<{ url: string; close(): void }> => {
  const code = await bundle;
  const server = createServer((request, response) => {
    if (request.url === "/simplepeer.min.js") {
      response.setHeader("content-type", "text/javascript");
      response.end(code);
      return;
    }
    response.setHeader("content-type", "text/html");
    response.end('<!doctype html><link rel="icon" href="data:,"><script src="/simplepeer.min.js"></script>');
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://${host}:${port}/`, close: () => void server.close() };
};
