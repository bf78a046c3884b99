/**
 * Who passes news on? Now and then a neighbour is told nothing of something: one that is part of the room hears it from
 * others, and tells us. One that only takes never does. PROTOCOL.md, rule E14.
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

export interface ProbesContext {
  told(peer: PeerId): void;
  missed(peer: PeerId, feed: Feed): void;
}

export class Probes {
  readonly #random: () => number;
  readonly #context: ProbesContext;
  /** One a neighbour, in the order they end. */
  readonly #probeByPeer = new Map<PeerId, Probe>();

  constructor(random: () => number, context: ProbesContext) {
    this.#random = random;
    this.#context = context;
  }

  /** Sometimes, one of these: it is to be told nothing of the feed. */
  choose(peers: readonly PeerId[], feed: Feed, now: Time): PeerId | null {
    const free = peers.filter((peer) => !this.#probeByPeer.has(peer));
    if (free.length === 0 || this.#random() >= PROBED_SHARE) return null;
    const chosen = free[Math.floor(this.#random() * free.length)]!;
    this.#probeByPeer.set(chosen, { feed, length: feed.length, until: now + TOLD_WITHIN_MS });
    return chosen;
  }

  heard(peer: PeerId, name: FeedName, length: number): void {
    const probe = this.#probeByPeer.get(peer);
    if (!probe || length < probe.length || keyOf(probe.feed) !== keyOf(name)) return;
    this.#probeByPeer.delete(peer);
    this.#context.told(peer);
  }

  /** It is told of the feed after all, so that nothing can be learned from it. */
  cancel(peer: PeerId, feed: Feed): void {
    if (this.#probeByPeer.get(peer)?.feed === feed) this.#probeByPeer.delete(peer);
  }

  drop(peer: PeerId): void {
    this.#probeByPeer.delete(peer);
  }

  tick(now: Time): void {
    for (const [peer, { feed, until }] of this.#probeByPeer) {
      if (now < until) return;
      this.#probeByPeer.delete(peer);
      this.#context.missed(peer, feed);
    }
  }

  nextDeadline(): Time {
    const [first] = this.#probeByPeer.values();
    return first?.until ?? Infinity;
  }
}
