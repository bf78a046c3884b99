/**
 * Spreads news: at once to eager neighbours, whose links form a tree over the room, and as a short notice to lazy ones;
 * notices serve to mend the tree. (Plumtree; Leitão, Pereira, Rodrigues: "Epidemic Broadcast Trees", 2007.)
 * PROTOCOL.md, rules E12 and E14.
 */
import { keyOf, type Batch, type FeedName } from "../feed/batch.ts";
import type { Feed, Head } from "../feed/feed.ts";
import { MAX_HEADS_PER_FRAME } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { QueueOfGossip } from "./events.ts";
import { Probes } from "./probes.ts";

/** How long a notice waits, so that a burst becomes one frame. */
const NOTICE_AFTER_MS = 200;

/** A short notice that waits. */
interface Announcement {
  readonly feed: Feed;
  /** Neighbours that get no notice: they have the feed, or it is kept from them as a probe. */
  readonly told: Set<PeerId>;
  readonly isNews: boolean;
}

export class Broadcast {
  readonly #queue: QueueOfGossip;
  readonly #probes: Probes;
  readonly #isEagerByPeer = new Map<PeerId, boolean>();
  readonly #noticeByKey = new Map<string, Announcement>();
  #noticesAt: Time | null = null;

  /** @param random [0, 1) */
  constructor(queue: QueueOfGossip, random: () => number) {
    this.#queue = queue;
    this.#probes = new Probes(random);
  }

  get neighbors(): readonly PeerId[] {
    return [...this.#isEagerByPeer.keys()];
  }

  /** A new neighbour is eager until it brings a batch that is known already. */
  peerUp(peer: PeerId): void {
    this.#isEagerByPeer.set(peer, true);
  }

  peerDown(peer: PeerId): void {
    this.#isEagerByPeer.delete(peer);
    this.#probes.drop(peer);
  }

  /** Spreads a batch that is news in the room. `told`: neighbours that have it. */
  push(feed: Feed, batch: Batch, told: Set<PeerId>, mayProbe: boolean, now: Time): void {
    const untold = this.neighbors.filter((peer) => !told.has(peer));
    const probed = mayProbe ? this.#probes.choose(untold, feed, now) : null;
    if (probed) told.add(probed);
    for (const peer of untold) {
      if (peer === probed || !this.#isEagerByPeer.get(peer)) continue;
      this.#probes.cancel(peer, feed);
      told.add(peer);
      this.#queue({ type: "send", to: peer, frame: batch.bytes });
    }
    this.#notice(feed, told, true, now);
  }

  /** Tells neighbours that may not know it that more of a feed was fetched. `told`: neighbours that have it. */
  announce(feed: Feed, told: Set<PeerId>, now: Time): void {
    this.#notice(feed, told, false, now);
  }

  /** A neighbour has the feed from `base` to `length`. */
  knows(peer: PeerId, name: FeedName, base: number, length: number): void {
    if (this.#probes.heard(peer, name, length)) this.#queue({ type: "told", peer });
    if (this.#noticeByKey.size === 0) return;
    const notice = this.#noticeByKey.get(keyOf(name));
    if (notice && length >= notice.feed.length && base <= notice.feed.base) notice.told.add(peer);
  }

  /** The peer brought a batch that is known already: from now on it is lazy. */
  prune(peer: PeerId): void {
    if (this.#isEagerByPeer.get(peer)) this.#setEager(peer, false);
  }

  /** The peer sent a notice, and no neighbour brought the batch in time: from now on it is eager. */
  graft(peer: PeerId): void {
    if (this.#isEagerByPeer.get(peer) === false) this.#setEager(peer, true);
  }

  /** The neighbour decided to be eager or lazy. */
  eager(peer: PeerId, isEager: boolean): void {
    if (this.#isEagerByPeer.has(peer)) this.#isEagerByPeer.set(peer, isEager);
  }

  tick(now: Time): void {
    for (const { peer, feed } of this.#probes.missed(now)) {
      this.#queue({ type: "missed", peer });
      if (this.#isEagerByPeer.has(peer)) tellHeads(this.#queue, peer, true, [feed.head]);
    }
    if (this.#noticesAt === null || now < this.#noticesAt) return;
    this.#noticesAt = null;
    for (const peer of this.#isEagerByPeer.keys()) {
      const untold = [...this.#noticeByKey.values()].filter(({ told }) => !told.has(peer));
      for (const isNews of [true, false]) {
        const heads = untold
          .filter(({ feed, isNews: news }) => news === isNews && !feed.isEmpty)
          .map(({ feed }) => feed.head);
        tellHeads(this.#queue, peer, isNews, heads);
      }
    }
    this.#noticeByKey.clear();
  }

  nextDeadline(): Time {
    return Math.min(this.#noticesAt ?? Infinity, this.#probes.nextDeadline());
  }

  #notice(feed: Feed, told: Set<PeerId>, isNews: boolean, now: Time): void {
    const key = keyOf(feed);
    if (this.#areAllIn(told)) return void this.#noticeByKey.delete(key);
    this.#noticeByKey.set(key, { feed, told, isNews });
    this.#noticesAt ??= now + NOTICE_AFTER_MS;
  }

  #areAllIn(told: ReadonlySet<PeerId>): boolean {
    for (const peer of this.#isEagerByPeer.keys()) if (!told.has(peer)) return false;
    return true;
  }

  #setEager(peer: PeerId, isEager: boolean): void {
    this.#isEagerByPeer.set(peer, isEager);
    this.#queue({ type: "send", to: peer, frame: { type: "eager", eager: isEager } });
  }
}

export const tellHeads = (
  queue: QueueOfGossip,
  peer: PeerId,
  areNews: boolean,
  heads: readonly Head[],
): void => {
  for (let i = 0; i < heads.length; i += MAX_HEADS_PER_FRAME)
    queue({
      type: "send",
      to: peer,
      frame: { type: "heads", areNews, heads: heads.slice(i, i + MAX_HEADS_PER_FRAME) },
    });
};
