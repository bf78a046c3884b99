/**
 * https beside http. It hands every request and every upgrade to the http server, so page and sockets are the same at
 * both, with the same limits.
 */
import type { Server as HttpServer, ServerOptions } from "node:http";
import { createServer, type Server } from "node:https";
import { CERTIFICATE_CHECK_MS, TLS_HANDSHAKE_TIMEOUT_MS } from "../base/limits.ts";
import { whereFrom, type Log } from "../base/log.ts";
import type { Certificates } from "./certificates.ts";

/** Not listening yet. Until it is closed it renews its certificate, which needs no restart. */
export function secureServer(
  http: HttpServer,
  certificates: Certificates,
  options: ServerOptions,
  log: Log,
): Server {
  const { certificate: cert, key } = certificates.server;
  const secure = createServer({ ...options, cert, key, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS });
  secure.keepAliveTimeout = http.keepAliveTimeout;
  secure.maxHeadersCount = http.maxHeadersCount;
  secure.maxRequestsPerSocket = http.maxRequestsPerSocket;
  secure.on("request", (request, response) => http.emit("request", request, response));
  secure.on("upgrade", (request, socket, head) => http.emit("upgrade", request, socket, head));
  // A laptop that is carried to another network has other addresses there.
  const check = setInterval(() => void renew(), CERTIFICATE_CHECK_MS);
  check.unref();
  secure.once("close", () => clearInterval(check));

  async function renew(): Promise<void> {
    try {
      if (!(await certificates.renew())) return;
      secure.setSecureContext({ cert: certificates.server.certificate, key: certificates.server.key });
    } catch (error) {
      log("failed", { handling: "certificate", where: whereFrom(error) });
    }
  }

  return secure;
}
