/**
 * The names under which the server lets browsers in. A foreign page can make its own name lead here (DNS rebinding), and
 * its `Origin` and `Host` then agree: only the name itself tells that it is foreign. [J10b] [J10d] [J10f]
 */
import type { IncomingMessage } from "node:http";
import { hostNameOf, isLoopbackHost, isWithin, parseAddress, type Cidr } from "./network.ts";
import type { OwnNames } from "./own-names.ts";

/**
 * Nobody can register a name under these: RFC 6761 (test), RFC 6762 with its appendix G (local to private), RFC 8375
 * (home.arpa); ICANN has set internal aside for private use.
 */
const LOCAL_DOMAINS = [
  "local",
  "home.arpa",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "test",
];

export interface OriginsOptions {
  /** As in `https://share.example.org`. */
  readonly publicOrigin: string | undefined;
  readonly trustedProxies: readonly Cidr[];
  readonly ownNames: Pick<OwnNames, "has">;
}

type Asking = Pick<IncomingMessage, "socket" | "headers" | "url">;

export class Origins {
  readonly #options: OriginsOptions;
  readonly #publicHost: string | undefined;

  constructor(options: OriginsOptions) {
    this.#options = options;
    this.#publicHost = options.publicOrigin === undefined ? undefined : hostNameOf(options.publicOrigin);
  }

  /** Why a request gets nothing but the page; undefined when there is no reason. */
  refusalOf(request: Asking): "unknown-host" | "foreign-origin" | undefined {
    const { publicOrigin } = this.#options;
    const { origin } = request.headers;
    if (origin !== undefined && origin === publicOrigin) return undefined;
    const asked = this.#askedHost(request);
    if (!this.#isOwn(asked, request)) return "unknown-host";
    const page = originOf(request);
    // Host names only, since proxies drop ports.
    const isOwnPage = page === undefined || page === publicOrigin || hostNameOf(page) === asked;
    return isOwnPage ? undefined : "foreign-origin";
  }

  /** The host that the page is at, without the port. With a public origin, a declared proxy shows the page there alone. */
  hostOf(request: Asking): string | undefined {
    const asked = this.#askedHost(request);
    const isPublic = request.headers.origin === this.#options.publicOrigin;
    const isHidden = asked === undefined || isPublic || this.#isDeclared(request);
    return (isHidden ? this.#publicHost : undefined) ?? asked;
  }

  /** From `Host`, or from a declared proxy's header. */
  #askedHost(request: Asking): string | undefined {
    const { host, "x-forwarded-host": forwardedHost } = request.headers;
    const asked = forwardedHost !== undefined && this.#isDeclared(request) ? forwardedHost : host;
    return asked === undefined || asked === "" ? undefined : hostNameOf(`http://${asked.toString()}`);
  }

  #isOwn(host: string | undefined, request: Asking): boolean {
    const { publicOrigin, ownNames } = this.#options;
    // Browsers send it always, so that a proxy has removed it.
    if (host === undefined) return publicOrigin !== undefined;
    const name = host.replace(/\.$/, "");
    return (
      isLocalName(name) ||
      name === this.#publicHost ||
      (publicOrigin === undefined && this.#isDeclared(request)) ||
      ownNames.has(name)
    );
  }

  #isDeclared({ socket }: Asking): boolean {
    const peer = parseAddress(socket.remoteAddress ?? "");
    return peer !== undefined && isWithin(peer, this.#options.trustedProxies);
  }
}

/**
 * The origin of the page that asks. A browser says it by itself, and nothing can change it; only where it reads from what
 * it takes for the page's own server, it doesn't, and the page says it in the query. That word counts against the page
 * alone, so that it is refused in words. [J10e]
 */
export function originOf({ headers, url = "" }: Pick<Asking, "headers" | "url">): string | undefined {
  if (headers.origin !== undefined || !URL.canParse(url, "http://localhost")) return headers.origin;
  return new URL(url, "http://localhost").searchParams.get("origin") ?? undefined;
}

/** A foreign page can't have it: an address, a name that only this network gives, or one of this computer. */
function isLocalName(host: string): boolean {
  const isAddress = parseAddress(host.replace(/^\[(.*)\]$/, "$1")) !== undefined;
  if (isAddress || !host.includes(".") || isLoopbackHost(host)) return true;
  return LOCAL_DOMAINS.some((domain) => host.endsWith(`.${domain}`));
}
