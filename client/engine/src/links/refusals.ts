/**
 * Counts refusals, and knows which links are to end for them, and which peers may not come back in this visit.
 * PROTOCOL.md, rules W3b and W4.
 */
import { BoundedSet } from "../base/bounded.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import { isHostile, type Refusal } from "../names/refusal.ts";
import type { Link } from "./link.ts";

/** A peer that is dropped costs its person a new key: beyond so many the oldest may come back. Guess. */
const MAX_DROPPED = 8_192;

export class Refusals {
  readonly counts = new Map<Refusal, number>();
  readonly #dropped = new BoundedSet<PeerId>(MAX_DROPPED);
  readonly #doomed = new Set<Link>();

  isDropped(peer: PeerId): boolean {
    return this.#dropped.has(peer);
  }

  isDoomed(link: Link): boolean {
    return this.#doomed.has(link);
  }

  /** Counts a refusal for which no peer is to blame. */
  count(refusal: Refusal): void {
    this.counts.set(refusal, (this.counts.get(refusal) ?? 0) + 1);
  }

  /** @returns the refusal for which the link's peer is dropped now, or null. */
  refuse(link: Link, refusal: Refusal, now: Time): Refusal | null {
    this.count(refusal);
    if (this.#doomed.has(link)) return null;
    if (!isHostile(refusal)) {
      if (link.stage.type !== "proven" || link.stage.allowances.offend(refusal, now)) return null;
      return this.refuse(link, "flood", now); // [W3b]
    }
    this.#doomed.add(link);
    // Before the proof the peer id is only a claim: the link ends, and the peer is not blamed.
    const { peer } = link.introduction;
    if (link.stage.type !== "proven" || !peer) return null;
    this.#dropped.add(peer);
    return refusal;
  }

  /** The links that are to end. */
  *takeDoomed(): IterableIterator<Link> {
    for (const link of this.#doomed) {
      this.#doomed.delete(link);
      yield link;
    }
  }
}
