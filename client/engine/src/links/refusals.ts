/**
 * Refusals of peers: how often each was made, which links end for it, and which peers are not let in again in this room.
 * PROTOCOL.md, rules W3b and W4.
 */
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import { isHostile, type Refusal } from "../names/refusal.ts";
import type { Link } from "./link.ts";

export class Refusals {
  readonly counts = new Map<Refusal, number>();
  readonly #dropped = new Set<PeerId>();
  readonly #doomed = new Set<Link>();

  isDropped(peer: PeerId): boolean {
    return this.#dropped.has(peer);
  }

  isDoomed(link: Link): boolean {
    return this.#doomed.has(link);
  }

  /** Counts what nobody in particular is to blame for. */
  count(refusal: Refusal): void {
    this.counts.set(refusal, (this.counts.get(refusal) ?? 0) + 1);
  }

  /** @returns for what the link's peer is dropped, if it is with this. */
  refuse(link: Link, refusal: Refusal, now: Time): Refusal | null {
    this.count(refusal);
    if (this.#doomed.has(link)) return null;
    if (!isHostile(refusal)) {
      if (link.stage.type !== "proven" || link.stage.allowances.offend(refusal, now)) return null;
      return this.refuse(link, "flood", now); // [W3b]
    }
    this.#doomed.add(link);
    // Before the proof the name is only a claim: the link ends, the name is not blamed.
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
