/** The names and addresses that the certificates of this computer stand for: local ones alone. No files, no keys. */
import { isWithin, parseAddress, parseCidr, type Cidr } from "../base/network.ts";

export interface Names {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

/**
 * All addresses that the authority may vouch for: loopback, the private networks (RFC 1918, RFC 4193), the provider's
 * side of a shared address (RFC 6598), and link-local ones.
 */
export const LOCAL_NETWORKS = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
] as const;

/**
 * Domains that mean something in a local network and nothing on the Internet: RFC 6761, RFC 6762, RFC 8375, the one that
 * ICANN keeps for private use, and the one that many home routers use.
 */
const LOCAL_DOMAINS = ["localhost", "local", "home.arpa", "internal", "lan"] as const;

const localCidrs: readonly Cidr[] = LOCAL_NETWORKS.flatMap((range) => {
  const cidr = parseCidr(range);
  return cidr.ok ? [cidr.value] : [];
});

/** Names end in these domains, or are one of them. The computer's own short name is one that a router may resolve. */
export function domainsFor(hostName: string): string[] {
  return [...LOCAL_DOMAINS, ...shortNames(hostName)];
}

/**
 * Everything under which others reach this computer, as far as an authority for `domains` may vouch for it.
 * `addresses`: those of its network interfaces.
 */
export function namesOf(hostName: string, addresses: readonly string[], domains: readonly string[]): Names {
  const full = hostName.toLowerCase().replace(/\.$/, "");
  const short = shortNames(hostName);
  const dns = ["localhost", ...short, ...short.map((name) => `${name}.local`), full];
  return {
    dns: distinct(dns.filter((name) => isDnsName(name) && isIn(name, domains))),
    ips: distinct(["127.0.0.1", "::1", ...addresses.filter(isLocal)]),
  };
}

/** The same names in the same certificate, in any order and notation. */
export function areSame(a: Names, b: Names): boolean {
  const plain = ({ dns, ips }: Names) =>
    [...dns, ...ips.map((ip) => parseAddress(ip)?.toString() ?? ip)].sort().join(" ");
  return plain(a) === plain(b);
}

function isLocal(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && isWithin(address, localCidrs);
}

/** The first label alone; none where it is no name in DNS, or an address. */
function shortNames(hostName: string): string[] {
  const [label = ""] = hostName.toLowerCase().split(".");
  return parseAddress(hostName) || !isDnsName(label) || label === "localhost" ? [] : [label];
}

const isDnsName = (name: string): boolean =>
  name.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.|$))+$/.test(name) && !/^[\d.]+$/.test(name);

const isIn = (name: string, domains: readonly string[]): boolean =>
  domains.some((domain) => name === domain || name.endsWith(`.${domain}`));

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
