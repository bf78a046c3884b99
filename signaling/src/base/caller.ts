/**
 * Where a client comes from, as far as that is known. Anybody can write a header, so headers count only as far as
 * declared proxies vouch for them. What no declared proxy says is never guessed. [J8b]
 */
import type { IncomingMessage } from "node:http";
import { isLocal, isWithin, parseAddress, type Cidr, type IpAddress } from "./network.ts";

export interface Caller {
  /** Pays for what the client does [J9]. It is a proxy's, and shared with others, unless the origin is `known`. */
  readonly address: IpAddress;
  /** `hidden`: a declared proxy doesn't say for whom it asks. `shared`: a proxy that isn't declared stands in between. */
  readonly origin: "known" | "hidden" | "shared";
}

type Asking = Pick<IncomingMessage, "socket" | "headers">;

/** Undefined when the connection is already gone. */
export function callerOf({ socket, headers }: Asking, trustedProxies: readonly Cidr[]): Caller | undefined {
  const peer = parseAddress(socket.remoteAddress ?? "");
  if (!peer) return undefined;
  const lists = [hopsInForwarded(headers.forwarded), hopsInForwardedFor(headers["x-forwarded-for"])];
  const told = lists.filter((hops) => hops !== undefined);
  if (!isWithin(peer, trustedProxies))
    return { address: peer, origin: isProxy(peer, headers, told) ? "shared" : "known" };
  const clients = told.map((hops) => lastUntrusted(hops, trustedProxies));
  // A proxy writes one of the two headers and may pass on the other from its client: both must say the same.
  const [client] = clients;
  return client && clients.every((other) => other?.toString() === client.toString())
    ? { address: client, origin: "known" }
    : { address: peer, origin: "hidden" };
}

/** The address of a hop: `192.0.2.1`, `192.0.2.1:5555`, `2001:db8::5`, `[2001:db8::5]` or `[2001:db8::5]:443`. */
export function parseHop(text: string): IpAddress | undefined {
  const { v4, v6 } = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[\d.]+))(?::\d{1,5})?$/.exec(text.trim())?.groups ?? {};
  return parseAddress(v6 ?? v4 ?? text);
}

type Hops = readonly (IpAddress | undefined)[];

function hopsInForwardedFor(header: string | string[] | undefined): Hops | undefined {
  return header?.toString().split(",").map(parseHop);
}

/** RFC 7239, section 4. A comma in a quoted text makes a hop that is none, and such a client counts as hidden. */
function hopsInForwarded(header: string | undefined): Hops | undefined {
  return header?.split(",").map((element) => {
    const { quoted, bare } =
      /(?:^|;)\s*for=(?:"(?<quoted>[^"]*)"|(?<bare>[^;\s"]*))/i.exec(element.trim())?.groups ?? {};
    return parseHop(quoted ?? bare ?? "");
  });
}

/** The rightmost hop that is no declared proxy; none when one before it says nothing. */
function lastUntrusted(hops: Hops, trustedProxies: readonly Cidr[]): IpAddress | undefined {
  const last = hops.findLast((hop) => !hop || !isWithin(hop, trustedProxies));
  return last ?? undefined;
}

/** Headers that proxies add, and browsers never do. */
const PROXY_HEADERS = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
] as const;

/**
 * A proxy beside the server shows itself by any header. One at a public address that names private addresses stands
 * before its clients, as a school's does: they are one network.
 */
function isProxy(peer: IpAddress, headers: IncomingMessage["headers"], told: readonly Hops[]): boolean {
  if (isLocal(peer)) return PROXY_HEADERS.some((name) => headers[name] !== undefined);
  return told.some((hops) => hops.at(-1) && !isLocal(hops.at(-1)!));
}
