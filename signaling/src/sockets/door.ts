/** Admits connections or refuses them, on the handshake request, before anything is kept for them. [J10] */
import type { IncomingMessage } from "node:http";
import { fail, ok, type Result } from "@swapmeet/shared";
import { Buckets } from "../base/bucket.ts";
import type { Refusal } from "../base/counters.ts";
import type { Limits } from "../base/limits.ts";
import { callerOf, type Caller } from "../base/caller.ts";
import { blockOf, type Cidr } from "../base/network.ts";
import type { Origins } from "../base/origins.ts";
import type { SharedLimits } from "../base/shared-limits.ts";

export class Door {
  readonly #limits: Limits;
  readonly #trustedProxies: readonly Cidr[];
  readonly #origins: Origins;
  readonly #connects: Buckets;
  readonly #shared: SharedLimits | undefined;
  readonly #connectionsByBlock = new Map<string, number>();
  /** Counts the connection of an admitted handshake out again. */
  readonly #leaveByRequest = new WeakMap<IncomingMessage, () => void>();
  #connections = 0;
  #isShut = false;

  constructor(limits: Limits, trustedProxies: readonly Cidr[], origins: Origins, shared?: SharedLimits) {
    this.#limits = limits;
    this.#shared = shared;
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

  /** Admits nobody any more. [J11a] */
  shut(): void {
    this.#isShut = true;
  }

  /** An admitted handshake counts as a connection, until its own connection closes or `enter` takes over. */
  async admit(request: IncomingMessage, nowMs: number): Promise<Result<Caller, Refusal>> {
    if (this.#isShut) return fail("draining");
    const caller = this.callerOf(request);
    if (!caller) return fail("unknown-address");
    const refusal = this.refusalOf(request);
    if (refusal) return fail(refusal);
    const block = blockOf(caller.address);
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
    return ok(caller);
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
}
