/**
 * Addresses, and the networks that they are in. No sockets.
 * A client's address decides its open room [J8] and the token bucket that pays for it [J9].
 */
import { createHash } from "node:crypto";
import { fail, ok, type Result, type RoomTag } from "@swapmeet/shared";
import ipaddr from "ipaddr.js";

export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;
export type Cidr = readonly [IpAddress, number];

const LOCAL_RANGES = new Set([
  "loopback",
  "private",
  "linkLocal",
  "uniqueLocal",
  "carrierGradeNat",
  "deprecatedSiteLocal",
]);

/** An address in any notation, IPv4-mapped IPv6 unwrapped; undefined when it is none. */
export function parseAddress(text: string): IpAddress | undefined {
  const address = text.trim();
  if (ipaddr.IPv6.isValid(address)) return ipaddr.process(address);
  return ipaddr.IPv4.isValidFourPartDecimal(address) ? ipaddr.IPv4.parse(address) : undefined;
}

/** "10.0.0.0/8", "fd00::/8", or one address. Bits of an IPv4-mapped range count from the IPv4 address in it. */
export function parseCidr(text: string): Result<Cidr, string> {
  const address = parseAddress(text);
  if (address) return ok([address, bitsOf(address)]);
  const { base = "", bits = "" } = /^(?<base>[^/]+)\/(?<bits>\d{1,3})$/.exec(text.trim())?.groups ?? {};
  const range = parseAddress(base);
  const mappedBits = range?.kind() === "ipv4" && base.includes(":") ? 96 : 0;
  const width = Number(bits) - mappedBits;
  return range && width >= 0 && width <= bitsOf(range)
    ? ok([range, width])
    : fail(`"${text}" is not an address or a range like 10.0.0.0/8.`);
}

const bitsOf = (address: IpAddress): number => (address.kind() === "ipv4" ? 32 : 128);

/** The widest private ranges that exist: 10.0.0.0/8 and fc00::/7. No proxies need a wider one. */
export function isTooWide([range, bits]: Cidr): boolean {
  return bits < (range.kind() === "ipv4" ? 8 : 7);
}

/** The host of a `Host` header or an origin, without its port; an IPv6 address stands in brackets. */
export function hostNameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** A name or an address under which a computer is known to itself alone. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return /^(.+\.)?localhost\.?$/.test(name) || parseAddress(name)?.range() === "loopback";
}

export function isWithin(address: IpAddress, cidrs: readonly Cidr[]): boolean {
  return cidrs.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}

/** The block of addresses that one customer of a provider has: an IPv4 address, or an IPv6 /64. */
export function blockOf(address: IpAddress): string {
  if (address.kind() === "ipv4") return address.toString();
  const prefix = new ipaddr.IPv6([...(address as ipaddr.IPv6).parts.slice(0, 4), 0, 0, 0, 0]);
  return `${prefix.toString()}/64`;
}

/** Private, loopback, link-local or carrier-grade NAT. */
export function isLocal(address: IpAddress): boolean {
  return LOCAL_RANGES.has(address.range());
}

/** The network of a server's own neighbours. */
export const LAN = "lan";

/** Everyone at a local address is in one network, in any notation of the address. [J8] */
export function networkOf(address: IpAddress): string {
  return isLocal(address) ? LAN : blockOf(address);
}

export function openRoomTag(network: string): RoomTag {
  return createHash("sha256").update(`swapmeet open room v1|${network}`).digest("hex") as RoomTag;
}
