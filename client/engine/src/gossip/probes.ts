/**
 * Probes show which neighbours pass news on. Now and then a neighbour is told nothing of something: one that is part of
 * the room hears it from others, and tells us. One that only takes never does. PROTOCOL.md, rule E14.
 */
import { keyOf, type FeedName } from "../feed/batch.ts";
import type { Feed } from "../feed/feed.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Rare enough to cost little, often enough to know a neighbour within minutes. Guess. */
const PROBED_SHARE = 1 / 16;
/** News cross a room in a second or two. Guess. */
const TOLD_WITHIN_MS = 10_000;

interface Probe {
  readonly feed: Feed;
  readonly length: number;
  readonly until: Time;
}

export class Probes {
  readonly #random: () => number;
  /** One a neighbour, in the order they end. */
  readonly #probeByPeer = new Map<PeerId, Probe>();

  /** @param random [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Sometimes, one of these: it is to be told nothing of the feed. */
  choose(peers: readonly PeerId[], feed: Feed, now: Time): PeerId | null {
    const free = peers.filter((peer) => !this.#probeByPeer.has(peer));
    if (free.length === 0 || this.#random() >= PROBED_SHARE) return null;
    const chosen = free[Math.floor(this.#random() * free.length)]!;
    this.#probeByPeer.set(chosen, { feed, length: feed.length, until: now + TOLD_WITHIN_MS });
    return chosen;
  }

  /** @returns whether that is what it was told nothing of. */
  heard(peer: PeerId, name: FeedName, length: number): boolean {
    const probe = this.#probeByPeer.get(peer);
    if (!probe || length < probe.length || keyOf(probe.feed) !== keyOf(name)) return false;
    return this.#probeByPeer.delete(peer);
  }

  /** It is told of the feed after all, so that nothing can be learned from it. */
  cancel(peer: PeerId, feed: Feed): void {
    if (this.#probeByPeer.get(peer)?.feed === feed) this.#probeByPeer.delete(peer);
  }

  drop(peer: PeerId): void {
    this.#probeByPeer.delete(peer);
  }

  /** @returns who told nothing in time, and of what. */
  missed(now: Time): { readonly peer: PeerId; readonly feed: Feed }[] {
    const missed = [];
    for (const [peer, { feed, until }] of this.#probeByPeer) {
      if (now < until) break;
      this.#probeByPeer.delete(peer);
      missed.push({ peer, feed });
    }
    return missed;
  }

  nextDeadline(): Time {
    const [first] = this.#probeByPeer.values();
    return first?.until ?? Infinity;
  }
}
