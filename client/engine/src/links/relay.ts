/**
 * What a friend does for two peers that it is linked to and that can't reach each other: it carries their sealed
 * messages, within a bound. PROTOCOL.md, rule Y1.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import type { RelayFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

/** Of one sender, to whomever: a friend gives away a fifth of an uplink of 10 Mbit/s. Guess. */
const CARRIED_BYTES_PER_SECOND = 256 * 1024;
/** What a network that stood still for four seconds delivers at once: the sender paces itself [Y5]. */
const CARRIED_BYTES_AT_ONCE = 1024 * 1024;

export interface RelayContext {
  /** Where a peer with a direct link is reached; null: there is none. */
  addressOf(peer: PeerId): Address | null;
  directAt(address: Address): PeerId | null;
  send(peer: PeerId, frame: RelayFrame): void;
  refuse(peer: PeerId, refusal: Refusal): void;
}

export class Relay {
  readonly #context: RelayContext;
  readonly #allowanceByPeer = new Map<PeerId, Allowance>();

  constructor(context: RelayContext) {
    this.#context = context;
  }

  carry(by: PeerId, frame: RelayFrame, now: Time): void {
    if (frame.from !== this.#context.addressOf(by)) return this.#context.refuse(by, "bad-request");
    const to = this.#context.directAt(frame.to);
    if (to === null || to === by) return;
    if (!this.#allowanceOf(by).spend(frame.bytes.length, now))
      return this.#context.refuse(by, "too-many-requests");
    this.#context.send(to, frame);
  }

  peerDown(peer: PeerId): void {
    this.#allowanceByPeer.delete(peer);
  }

  #allowanceOf(peer: PeerId): Allowance {
    const known = this.#allowanceByPeer.get(peer);
    if (known) return known;
    const allowance = new Allowance(CARRIED_BYTES_AT_ONCE, CARRIED_BYTES_PER_SECOND);
    this.#allowanceByPeer.set(peer, allowance);
    return allowance;
  }
}
