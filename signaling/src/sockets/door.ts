/** Admits connections or refuses them, on the handshake request, before anything is kept for them. [J10] */
import type { IncomingMessage } from "node:http";
import { fail, ok, type Result } from "@swapmeet/shared";
import { Buckets } from "../base/bucket.ts";
import type { Refusal } from "../base/counters.ts";
import type { Limits } from "../base/limits.ts";
import { callerOf, type Caller } from "../base/caller.ts";
import { blockOf, type Cidr, type IpAddress } from "../base/network.ts";
import type { Origins } from "../base/origins.ts";

export class Door {
  readonly #limits: Limits;
  readonly #trustedProxies: readonly Cidr[];
  readonly #origins: Origins;
  readonly #connects: Buckets;
  readonly #connectionsByBlock = new Map<string, number>();
  #connections = 0;

  constructor(limits: Limits, trustedProxies: readonly Cidr[], origins: Origins) {
    this.#limits = limits;
    this.#trustedProxies = trustedProxies;
    this.#origins = origins;
    this.#connects = new Buckets(limits.addressConnects);
  }

  callerOf(request: IncomingMessage): Caller | undefined {
    return callerOf(request, this.#trustedProxies);
  }

  /**
   * WebSockets are not under the same-origin policy: without this, any page somebody visits could join the open room of
   * their LAN. [J10b] [J10d]
   */
  refusalOf(request: IncomingMessage): Refusal | undefined {
    return this.#origins.refusalOf(request);
  }

  /** The host that the page is at, without the port. */
  hostOf(request: IncomingMessage): string | undefined {
    return this.#origins.hostOf(request);
  }

  admit(request: IncomingMessage, nowMs: number): Result<Caller, Refusal> {
    const caller = this.callerOf(request);
    if (!caller) return fail("unknown-address");
    const refusal = this.refusalOf(request);
    if (refusal) return fail(refusal);
    const block = blockOf(caller.address);
    const open = this.#connectionsByBlock.get(block) ?? 0;
    if (this.#connections >= this.#limits.maxConnections || open >= this.#limits.maxConnectionsPerAddress)
      return fail("too-many-connections");
    return this.#connects.take(block, nowMs) ? ok(caller) : fail("too-fast");
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
}
