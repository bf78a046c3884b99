/**
 * A friend carries the sealed messages of two peers that can't reach each other, up to a limit. PROTOCOL.md, rule Y1.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import type { RelayFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { QueueOfLinks } from "./events.ts";

/** For one sender, to all receivers: a friend gives away a fifth of an uplink of 10 Mbit/s. Guess. */
const CARRIED_BYTES_PER_SECOND = 256 * 1024;
/** A network that stood still for four seconds delivers so much at once: the sender paces itself [Y5]. */
const CARRIED_BYTES_AT_ONCE = 1024 * 1024;

export interface RelayView {
  /** The address of a peer with a direct link; null: it has none. */
  directAddressOf(peer: PeerId): Address | null;
  /** The peer at this address, if it has a direct link. */
  directAt(address: Address): PeerId | null;
}

export class Relay {
  readonly #queue: QueueOfLinks;
  readonly #view: RelayView;
  readonly #allowanceByPeer = new Map<PeerId, Allowance>();

  constructor(queue: QueueOfLinks, view: RelayView) {
    this.#queue = queue;
    this.#view = view;
  }

  carry(by: PeerId, frame: RelayFrame, now: Time): void {
    if (frame.from !== this.#view.directAddressOf(by))
      return this.#queue({ type: "refuse", peer: by, refusal: "bad-request" });
    const to = this.#view.directAt(frame.to);
    if (to === null || to === by) return;
    if (!this.#allowanceOf(by).spend(frame.bytes.length, now))
      return this.#queue({ type: "refuse", peer: by, refusal: "too-many-requests" });
    this.#queue({ type: "send", to, frame });
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
