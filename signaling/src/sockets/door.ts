/** Admits connections or refuses them, on the handshake request, before anything is kept for them. [J10] */
import type { IncomingMessage } from "node:http";
import { fail, ok, type Result } from "@swapmeet/shared";
import { Buckets } from "../base/bucket.ts";
import type { Refusal } from "../base/counters.ts";
import type { Limits } from "../base/limits.ts";
import {
  blockOf,
  clientAddress,
  hostNameOf,
  isWithin,
  parseAddress,
  type Cidr,
  type IpAddress,
} from "../base/network.ts";

export class Door {
  readonly #limits: Limits;
  readonly #trustedProxies: readonly Cidr[];
  readonly #connects: Buckets;
  readonly #connectionsByBlock = new Map<string, number>();
  #connections = 0;
  #isShut = false;

  constructor(limits: Limits, trustedProxies: readonly Cidr[]) {
    this.#limits = limits;
    this.#trustedProxies = trustedProxies;
    this.#connects = new Buckets(limits.addressConnects);
  }

  addressOf(request: IncomingMessage): IpAddress | undefined {
    const forwarded = request.headers["x-forwarded-for"];
    return clientAddress(request.socket.remoteAddress, forwarded?.toString(), this.#trustedProxies);
  }

  /** Admits nobody any more. [J11a] */
  shut(): void {
    this.#isShut = true;
  }

  admit(request: IncomingMessage, nowMs: number): Result<IpAddress, Refusal> {
    if (this.#isShut) return fail("draining");
    const address = this.addressOf(request);
    if (!address) return fail("unknown-address");
    if (!this.#isSameOrigin(request)) return fail("foreign-origin");
    const block = blockOf(address);
    const open = this.#connectionsByBlock.get(block) ?? 0;
    if (this.#connections >= this.#limits.maxConnections || open >= this.#limits.maxConnectionsPerAddress)
      return fail("too-many-connections");
    return this.#connects.take(block, nowMs) ? ok(address) : fail("too-fast");
  }

  /** Counts a connection in; the answer counts it out again. */
  enter(address: IpAddress): () => void {
    const block = blockOf(address);
    this.#count(block, 1);
    return () => this.#count(block, -1);
  }

  #count(block: string, change: 1 | -1): void {
    this.#connections += change;
    const open = (this.#connectionsByBlock.get(block) ?? 0) + change;
    if (open === 0) this.#connectionsByBlock.delete(block);
    else this.#connectionsByBlock.set(block, open);
  }

  /**
   * WebSockets are not under the same-origin policy: without this, any page somebody visits could join the open
   * room of their LAN. Host names only, since proxies drop ports. A client that is no browser sends no Origin.
   */
  #isSameOrigin(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    if (origin === undefined) return true;
    const asked = this.hostOf(request);
    return asked !== undefined && asked === hostNameOf(origin);
  }

  /** The host that the client asked for, without the port: from `Host`, or from a declared proxy's header. */
  hostOf(request: IncomingMessage): string | undefined {
    const peer = parseAddress(request.socket.remoteAddress ?? "");
    const forwardedHost = request.headers["x-forwarded-host"]?.toString();
    const viaProxy =
      forwardedHost !== undefined && peer !== undefined && isWithin(peer, this.#trustedProxies);
    const asked = viaProxy ? forwardedHost : request.headers.host;
    return asked === undefined ? undefined : hostNameOf(`http://${asked}`);
  }
}
