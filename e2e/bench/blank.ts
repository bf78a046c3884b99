/** A server of one blank page and simple-peer's bundle as npm ships it: what raw channels are measured on. */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

const bundle = createRequire(import.meta.url).resolve("simple-peer/simplepeer.min.js");

export const serveBlank = async (host = "localhost"): Promise<{ url: string; close(): void }> => {
  const server = createServer((request, response) => {
    if (request.url === "/simplepeer.min.js") {
      response.setHeader("content-type", "text/javascript");
      createReadStream(bundle).pipe(response);
      return;
    }
    response.setHeader("content-type", "text/html");
    response.end('<!doctype html><link rel="icon" href="data:,"><script src="/simplepeer.min.js"></script>');
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://${host}:${port}/`, close: () => void server.close() };
};
