/**
 * The http side: the built client, reports for an operator's tools, and the headers that keep the page to what it needs.
 * Plain http on a LAN must work in full, so nothing here asks for https.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import helmet from "helmet";
import sirv from "sirv";
import { whereFrom, type Log } from "../base/log.ts";
import { hostNameOf, isLoopbackHost, parseAddress } from "../base/network.ts";
import { json, reply, sentence, type ReportsByPath } from "./report.ts";
import type { Trust } from "./trust.ts";

const YEAR_SECONDS = 31_536_000;

export interface PageOptions {
  /** The folder with the built client; none while a development server shows the page instead. */
  readonly clientDir: string | undefined;
  /** The path of the page, with a slash at both ends. */
  readonly basePath: string;
  /** The origin at which people open the page, where the operator has named it. */
  readonly publicOrigin: string | undefined;
  /** False for a name that was never declared: such a request gets the page, whose words tell why, and nothing else. */
  readonly isKnown: (request: IncomingMessage) => boolean;
  readonly reports: ReportsByPath;
  /** The URLs at which other devices find this page. */
  readonly outsideUrls: () => readonly string[];
  /** Only where there is https with an authority of this computer. */
  readonly trust?: Trust | undefined;
  readonly log: Log;
}

export function servePage(options: PageOptions): RequestListener {
  const { clientDir, basePath, publicOrigin, isKnown, reports, outsideUrls, trust, log } = options;
  const secure = headersFor(publicOrigin);
  // `dev` looks at the disk for each request: a rebuilt client is served at once, and a vanished file is a 404.
  const files =
    clientDir === undefined
      ? undefined
      : sirv(clientDir, { dev: true, etag: true, gzip: true, brotli: true, setHeaders: cacheByName });

  return (request, response) => {
    try {
      secure(request, response, () => respond(request, response));
    } catch (error) {
      giveUp(response, error);
    }
  };

  function giveUp(response: ServerResponse, error: unknown): void {
    log("failed", { handling: "http", where: whereFrom(error) });
    reply(response, sentence(500, "The server failed at this request. Reload the page."));
  }

  function respond(request: IncomingMessage, response: ServerResponse): void {
    const notFound = () =>
      reply(response, sentence(404, `There is nothing here. Swapmeet is at ${basePath}.`));
    if (request.method !== "GET" && request.method !== "HEAD")
      return reply(response, sentence(405, "Only GET and HEAD are answered here."));
    const path = request.url?.split("?")[0] ?? "";
    // The page names what it loads from where it lies, so the slash at its end must be there.
    if (`${path}/` === basePath)
      return void response.writeHead(308, { Location: basePath, "Cache-Control": "no-store" }).end();
    const report = reports.get(path);
    if (report && !isKnown(request))
      return reply(
        response,
        sentence(403, "This server is not known under this name. PUBLIC_ORIGIN would tell it."),
      );
    if (report)
      return void report(request).then(
        (reported) => reply(response, reported),
        (error: unknown) => giveUp(response, error),
      );
    if (trust?.(path, request, response)) return;
    // A page at localhost must show others another address. Nobody else needs to know the machine's networks.
    if (path === "/addresses.json") return reply(response, json(isLoopback(request) ? outsideUrls() : []));
    // Nothing here is worth resuming, and a range from its end to its start is an exception in the file stream.
    delete request.headers.range;
    if (!files) return notFound();
    response.on("pipe", (file: Readable) => endTogether(file, response));
    files(request, response, notFound);
  }
}

/** A pipe lets its file stay open when the client goes away, and throws when the file can't be read. */
function endTogether(file: Readable, response: ServerResponse): void {
  response.once("close", () => file.destroy());
  file.once("error", () => response.destroy());
}

/**
 * The request comes from this computer, under a name of this computer, and not through a proxy for another client. A
 * foreign page whose name was made to lead here (DNS rebinding) asks from this computer too, but under its own name.
 */
function isLoopback({ socket, headers }: IncomingMessage): boolean {
  const isFromHere = parseAddress(socket.remoteAddress ?? "")?.range() === "loopback";
  const isForOther = headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined;
  return isFromHere && !isForOther && isLoopbackHost(hostNameOf(`http://${headers.host}`) ?? "");
}

/** The build names assets by their content; all else may change under its name. */
function cacheByName(response: ServerResponse, path: string): void {
  const isHashed = path.startsWith("/assets/");
  response.setHeader("Cache-Control", isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache");
}

/** Older Safari does not count WebSockets under 'self', so they are named, by host. CSP has no IPv6 addresses. */
function webSocketSources(request: IncomingMessage, publicOrigin: string | undefined): string {
  const hosts = [
    request.headers.host ?? "",
    ...(publicOrigin === undefined ? [] : [new URL(publicOrigin).host]),
  ];
  const sources = hosts
    .filter((host) => /^[\w.-]+(:\d+)?$/.test(host))
    .map((host) => `ws://${host} wss://${host}`);
  return sources.length > 0 ? sources.join(" ") : "'self'";
}

const helmetFor = (publicOrigin: string | undefined) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        workerSrc: ["'self'"],
        styleSrc: ["'self'"],
        // Svelte's style directives set single properties; style elements stay forbidden.
        styleSrcAttr: ["'unsafe-inline'"],
        connectSrc: ["'self'", (request) => webSocketSources(request, publicOrigin)],
        imgSrc: ["'self'", "data:", "blob:"],
        mediaSrc: ["blob:"],
        fontSrc: ["'self'"],
        manifestSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
        // Svelte 5 makes the first policy for its templates, the client the second for its workers.
        trustedTypes: ["svelte-trusted-html", "swapmeet", "'allow-duplicates'"],
      },
    },
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
    // On plain http browsers ignore these three or warn about them.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });

/** Refuses features that the page never asks for; clipboard, wake lock and full screen stay as browsers have them. */
const PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()";

type Secure = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

function headersFor(publicOrigin: string | undefined): Secure {
  const helmetHeaders = helmetFor(publicOrigin);
  return (request, response, next) => {
    response.setHeader("Permissions-Policy", PERMISSIONS);
    helmetHeaders(request, response, (error) => {
      if (error) throw error;
      next();
    });
  };
}
