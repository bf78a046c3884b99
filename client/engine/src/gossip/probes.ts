/**
 * Probes show which neighbours pass news on. Now and then some news is kept from a neighbour. If it has other honest
 * neighbours, it hears the news from them and tells us. One that only takes never does. PROTOCOL.md, rule E14.
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
  /** One probe for each neighbour, in the order in which they end. */
  readonly #probeByPeer = new Map<PeerId, Probe>();

  /** @param random [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Sometimes chooses one of these: the feed is then kept from it. */
  choose(peers: readonly PeerId[], feed: Feed, now: Time): PeerId | null {
    const free = peers.filter((peer) => !this.#probeByPeer.has(peer));
    if (free.length === 0 || this.#random() >= PROBED_SHARE) return null;
    const chosen = free[Math.floor(this.#random() * free.length)]!;
    this.#probeByPeer.set(chosen, { feed, length: feed.length, until: now + TOLD_WITHIN_MS });
    return chosen;
  }

  /** @returns whether this feed was kept from the peer, which so passes the probe. */
  heard(peer: PeerId, name: FeedName, length: number): boolean {
    const probe = this.#probeByPeer.get(peer);
    if (!probe || length < probe.length || keyOf(probe.feed) !== keyOf(name)) return false;
    return this.#probeByPeer.delete(peer);
  }

  /** Ends a probe without a result, because the peer is told of the feed after all. */
  cancel(peer: PeerId, feed: Feed): void {
    if (this.#probeByPeer.get(peer)?.feed === feed) this.#probeByPeer.delete(peer);
  }

  drop(peer: PeerId): void {
    this.#probeByPeer.delete(peer);
  }

  /** @returns the neighbours that did not tell in time, each with its feed. */
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
