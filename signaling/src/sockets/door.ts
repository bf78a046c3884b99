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
import type { SharedLimits } from "../base/shared-limits.ts";

export class Door {
  readonly #limits: Limits;
  readonly #trustedProxies: readonly Cidr[];
  readonly #connects: Buckets;
  readonly #shared: SharedLimits | undefined;
  readonly #connectionsByBlock = new Map<string, number>();
  /** Counts the connection of an admitted handshake out again. */
  readonly #leaveByRequest = new WeakMap<IncomingMessage, () => void>();
  #connections = 0;

  constructor(limits: Limits, trustedProxies: readonly Cidr[], shared?: SharedLimits) {
    this.#limits = limits;
    this.#shared = shared;
    this.#trustedProxies = trustedProxies;
    this.#connects = new Buckets(limits.addressConnects);
  }

  addressOf(request: IncomingMessage): IpAddress | undefined {
    const forwarded = request.headers["x-forwarded-for"];
    return clientAddress(request.socket.remoteAddress, forwarded?.toString(), this.#trustedProxies);
  }

  /** An admitted handshake counts as a connection, until its own connection closes or `enter` takes over. */
  async admit(request: IncomingMessage, nowMs: number): Promise<Result<IpAddress, Refusal>> {
    const address = this.addressOf(request);
    if (!address) return fail("unknown-address");
    if (!this.#isSameOrigin(request)) return fail("foreign-origin");
    const block = blockOf(address);
    const open = this.#connectionsByBlock.get(block) ?? 0;
    if (this.#connections >= this.#limits.maxConnections || open >= this.#limits.maxConnectionsPerAddress)
      return fail("too-many-connections");
    if (!this.#connects.take(block, nowMs)) return fail("too-fast");

    const counted = this.#count(block, 1);
    let isCounted = true;
    const leave = () => {
      if (!isCounted) return;
      isCounted = false;
      const open = this.#count(block, -1);
      this.#shared?.has(block, open);
    };
    const admitted = await this.#shared?.admit(block, counted);
    if (admitted?.ok === false || request.socket.destroyed) leave();
    if (admitted?.ok === false) return admitted;
    this.#leaveByRequest.set(request, leave);
    request.socket.once("close", leave);
    return ok(address);
  }

  /** The connection that came of an admitted handshake; the answer counts it out. */
  enter(request: IncomingMessage): () => void {
    const leave = this.#leaveByRequest.get(request) ?? (() => {});
    request.socket.off("close", leave);
    return leave;
  }

  #count(block: string, change: 1 | -1): number {
    this.#connections += change;
    const open = (this.#connectionsByBlock.get(block) ?? 0) + change;
    if (open === 0) this.#connectionsByBlock.delete(block);
    else this.#connectionsByBlock.set(block, open);
    return open;
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
