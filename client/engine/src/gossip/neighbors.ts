/** The neighbours, and how much each may still bring or say. PROTOCOL.md, rules E5 and E8. */
import { Allowance } from "../base/allowance.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** A neighbour may send so many bytes that are known already: twice as many as an honest one can. Guess. */
const KNOWN_BYTES_AT_ONCE = 16 * 1024 * 1024;
/** For heads, summaries and proofs of a neighbour. A summary is charged like the heads that answer it. Guess. */
const TALK_BYTES_AT_ONCE = 16 * 1024 * 1024;
const BYTES_PER_SECOND = 256 * 1024;
/** Batches of unknown authors that a neighbour may bring: the largest room at once, then many newcomers. */
const STRANGERS_AT_ONCE = 8_192;
const STRANGERS_PER_SECOND = 16;

interface Allowances {
  readonly known: Allowance;
  readonly talk: Allowance;
  readonly strangers: Allowance;
}

export class Neighbors {
  readonly #allowancesByPeer = new Map<PeerId, Allowances>();

  has(peer: PeerId): boolean {
    return this.#allowancesByPeer.has(peer);
  }

  up(peer: PeerId): void {
    this.#allowancesByPeer.set(peer, {
      known: new Allowance(KNOWN_BYTES_AT_ONCE, BYTES_PER_SECOND),
      talk: new Allowance(TALK_BYTES_AT_ONCE, BYTES_PER_SECOND),
      strangers: new Allowance(STRANGERS_AT_ONCE, STRANGERS_PER_SECOND),
    });
  }

  down(peer: PeerId): void {
    this.#allowancesByPeer.delete(peer);
  }

  /** Whether it may bring so many bytes that are known here, or of an ended epoch. */
  mayRepeat(peer: PeerId, bytes: number, now: Time): boolean {
    return !!this.#allowancesByPeer.get(peer)?.known.spend(bytes, now);
  }

  /** Whether it may send so many bytes of heads, summaries and proofs. */
  mayTalk(peer: PeerId, bytes: number, now: Time): boolean {
    return !!this.#allowancesByPeer.get(peer)?.talk.spend(bytes, now);
  }

  /** Whether it may bring one more batch of an author who is not known here. */
  mayBringStranger(peer: PeerId, now: Time): boolean {
    return !!this.#allowancesByPeer.get(peer)?.strangers.spend(1, now);
  }
}
