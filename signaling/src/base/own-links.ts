/**
 * Which public IPv6 addresses are on the same link as this computer. In a home or a class with a server of its own, one
 * device comes from its private IPv4 address and another from a public IPv6 address; both are neighbours. [J8f]
 */
import type { NetworkInterfaceInfo } from "node:os";
import { isLocal, isWithin, parseAddress, parseCidr, type Cidr, type IpAddress } from "./network.ts";

export type Interfaces = Record<string, NetworkInterfaceInfo[] | undefined>;

/** The system is asked for its interfaces at most this often: it takes about as long as a join. Guess. */
const ASK_AGAIN_MS = 10_000;
/** A link has a /64; a site has up to a /48, and no link is wider. */
const WIDEST_LINK_BITS = 48;

export interface OwnLinksOptions {
  readonly interfaces: () => Interfaces;
  readonly now: () => number;
}

export class OwnLinks {
  readonly #options: OwnLinksOptions;
  #links: readonly Cidr[] = [];
  #askedAtMs = -Infinity;

  constructor(options: OwnLinksOptions) {
    this.#options = options;
  }

  has(address: IpAddress): boolean {
    if (address.kind() === "ipv4") return false;
    const now = this.#options.now();
    if (now - this.#askedAtMs >= ASK_AGAIN_MS) {
      this.#askedAtMs = now;
      this.#links = Object.values(this.#options.interfaces()).flatMap((infos) => linksOf(infos ?? []));
    }
    return isWithin(address, this.#links);
  }
}

/** Where the interface has a private IPv4 address too: a server in a data centre has strangers on its link. */
function linksOf(infos: readonly NetworkInterfaceInfo[]): Cidr[] {
  const isAtHome = infos.some(({ family, internal, address }) => {
    const parsed = family === "IPv4" && !internal ? parseAddress(address) : undefined;
    return parsed !== undefined && isLocal(parsed);
  });
  if (!isAtHome) return [];
  return infos.flatMap(({ family, cidr }) => {
    const link = family === "IPv6" && cidr !== null ? parseCidr(cidr) : undefined;
    return link?.ok && link.value[1] >= WIDEST_LINK_BITS ? [link.value] : [];
  });
}
