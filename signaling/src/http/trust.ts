/** The page that explains how a device comes to trust this computer's certificate authority, and the file for it. */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { hostNameOf, isLoopbackHost } from "../base/network.ts";

export interface TrustOptions {
  /** The folder with the page: index.html, trust.css, trust.js. */
  readonly folder: string;
  /** The authority's certificate as PEM, and the lines of its SHA-256 fingerprint. */
  readonly authority: string;
  readonly fingerprint: readonly string[];
  /** The path of the page, with a slash at both ends. */
  readonly basePath: string;
  readonly ports: () => { readonly http: number; readonly https: number };
}

/** Answers the request if it is for this page. True when it did. */
export type Trust = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

/** Phones and desktops offer to install a file of this type. */
const CERTIFICATE_TYPE = "application/x-x509-ca-cert";

export function serveTrust({ folder, authority, fingerprint, basePath, ports }: TrustOptions): Trust {
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const page = read("index.html");
  const files = new Map([
    ["/trust/reached", { type: "text/plain", text: "" }],
    ["/trust/trust.css", { type: "text/css; charset=utf-8", text: read("trust.css") }],
    ["/trust/trust.js", { type: "text/javascript; charset=utf-8", text: read("trust.js") }],
    ["/trust/swapmeet-ca.crt", { type: CERTIFICATE_TYPE, text: authority }],
    ["/trust/swapmeet-ca.pem", { type: "application/x-pem-file", text: authority }],
  ]);

  return (path, request, response) => {
    const host = hostOf(request);
    const plain = `http://${host}:${ports().http}${basePath}`;
    // A newcomer at an https address would meet a warning. So a page there invites people to this one. [J15c]
    if (path === "/addresses.json" && request.socket instanceof TLSSocket && !isLoopbackHost(host)) {
      send(response, "application/json", JSON.stringify([`${plain}trust`]));
      return true;
    }
    if (path === "/trust") {
      const secure = `https://${host}:${ports().https}${basePath}`;
      const values = { fingerprint: fingerprint.join("\n"), plain, secure };
      response.setHeader("Content-Security-Policy", policy(secure));
      send(response, "text/html; charset=utf-8", fill(page, values));
      return true;
    }
    const file = files.get(path);
    // The page at the http port asks for this at the https port, which is another origin.
    if (path === "/trust/reached") response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
    if (file) send(response, file.type, file.text);
    return file !== undefined;
  };
}

/** The page asks the https port whether this device trusts it, and loads nothing else of another origin. */
const policy = (secure: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${secure}trust/reached`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" }).end(text);
}

/** The name under which the client found this page. One that cannot stand in a page or a header is not repeated. */
function hostOf({ headers, socket }: IncomingMessage): string {
  const asked = hostNameOf(`http://${headers.host}`) ?? "";
  if (/^[\w.-]+$|^\[[\da-f:.]+\]$/i.test(asked)) return asked;
  const address = socket.localAddress ?? "localhost";
  return address.includes(":") ? `[${address}]` : address;
}

/** Puts values that need no escaping where the page says {{name}}. */
const fill = (page: string, values: Readonly<Record<string, string>>): string =>
  page.replace(/\{\{(\w+)\}\}/g, (_place, name: string) => values[name] ?? "");
