/**
 * Every peer's feed, replicated: an append-only list of entries in signed batches. A batch is written once by its
 * author, and is stored, sent and verified whole. PROTOCOL.md, rules E1 to E8.
 *
 * Knows nothing of links and files: it sends frames to peers by name, and hands verified entries to `applied`.
 */
import { concatBytes } from "./bytes.ts";
import {
  decodeEntry,
  encodeEntry,
  entryHash,
  FIRST_HASH,
  headText,
  MAX_ENTRY_BYTES,
  type Entry,
} from "./entry.ts";
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  MAX_FEEDS_PER_FRAME,
  type EntriesFrame,
  type FeedFrame,
  type FeedHead,
} from "./frame.ts";
import type { Time } from "./io.ts";
import type { PeerId } from "./peer-id.ts";
import type { Refusal } from "./refusal.ts";

/** A library of 100,000 files and as many changes. Guess; 200,000 entries of 150 bytes are 30 MB. */
export const MAX_ENTRIES_PER_FEED = 200_000;
/** Feeds kept: as many as a room has members. */
const MAX_FEEDS = 8_192;
/** Batches sent for one `want`: 16 of up to 60 KB keep a link busy and leave room for everything else. Guess. */
const BATCHES_PER_WANT = 16;
/** Batches that may wait for a signature check, per feed. */
const MAX_ARRIVING = 32;
/** How long a head waits to be told to others, so that a burst becomes one frame. */
const ANNOUNCE_AFTER_MS = 200;

type Batch = Pick<EntriesFrame, "first" | "entries" | "signature">;

interface Feed {
  readonly author: PeerId;
  readonly epoch: number;
  readonly batches: Batch[];
  length: number;
  head: Uint8Array;
  /** Batches whose signature is being checked, in order; the first one's check is under way. */
  arriving: { batch: Batch; from: PeerId; head: Uint8Array }[];
}

export interface FeedsContext {
  send(peer: PeerId, frame: FeedFrame): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  sign(bytes: Uint8Array, then: (signature: Uint8Array) => void): void;
  verify(
    by: PeerId,
    bytes: Uint8Array,
    signature: Uint8Array,
    then: (valid: boolean, now: Time) => void,
  ): void;
  /** A new entry of a feed, verified, in order. `null`: of a kind unknown here. */
  applied(author: PeerId, seq: number, entry: Entry | null): void;
  /** The author began a new epoch: nothing of the old one counts any more. */
  restarted(author: PeerId): void;
}

export class Feeds {
  readonly #context: FeedsContext;
  readonly #me: PeerId;
  readonly #feedByAuthor = new Map<PeerId, Feed>();
  /** How far each linked peer knows each feed, as far as we know. */
  readonly #knownByPeer = new Map<PeerId, Map<PeerId, FeedHead>>();
  /** Own entries' hash chain runs ahead of the signatures. */
  #own: { length: number; head: Uint8Array };
  #announceAt: Time | null = null;
  readonly #toAnnounce = new Set<PeerId>();

  constructor(context: FeedsContext, me: PeerId, epoch: number) {
    this.#context = context;
    this.#me = me;
    this.#feedByAuthor.set(me, newFeed(me, epoch));
    this.#own = { length: 0, head: FIRST_HASH };
  }

  /** Appends to this peer's own feed. Returns the sequence number of the first of them. */
  append(entries: readonly Entry[]): number {
    const feed = this.#ownFeed();
    const firstOfAll = this.#own.length;
    for (const encoded of cutIntoBatches(entries.map(encodeEntry))) {
      const first = this.#own.length;
      const head = chain(feed, first, this.#own.head, encoded);
      this.#own = { length: first + encoded.length, head };
      this.#context.sign(headText(head), (signature) => {
        const batch = { first, entries: encoded, signature };
        this.#accept(feed, batch, head);
        for (const peer of this.#knownByPeer.keys()) this.#sendBatch(peer, feed, batch);
      });
    }
    return firstOfAll;
  }

  peerUp(peer: PeerId): void {
    this.#knownByPeer.set(peer, new Map());
    this.#tellHeads(peer, [...this.#feedByAuthor.keys()]);
  }

  peerDown(peer: PeerId): void {
    this.#knownByPeer.delete(peer);
  }

  /** Drops what is known of an author that has left. */
  forget(author: PeerId): void {
    if (author !== this.#me) this.#feedByAuthor.delete(author);
  }

  frame(peer: PeerId, frame: FeedFrame, now: Time): void {
    switch (frame.type) {
      case "feeds":
        for (const head of frame.feeds) this.#heard(peer, head);
        return;
      case "want": {
        const feed = this.#feedByAuthor.get(frame.author);
        if (feed?.epoch !== frame.epoch) return;
        const index = feed.batches.findIndex((batch) => batch.first >= frame.from);
        if (index < 0) return;
        for (const batch of feed.batches.slice(index, index + BATCHES_PER_WANT))
          this.#sendBatch(peer, feed, batch);
        return;
      }
      case "entries":
        this.#arrived(peer, frame, now);
        return;
    }
  }

  tick(now: Time): void {
    if (this.#announceAt === null || now < this.#announceAt) return;
    this.#announceAt = null;
    for (const peer of this.#knownByPeer.keys()) {
      const news = [...this.#toAnnounce].filter((author) => {
        const feed = this.#feedByAuthor.get(author);
        return feed && isBehind(this.#knownByPeer.get(peer)?.get(author), feed);
      });
      this.#tellHeads(peer, news);
    }
    this.#toAnnounce.clear();
  }

  nextDeadline(): Time | null {
    return this.#announceAt;
  }

  #ownFeed(): Feed {
    const feed = this.#feedByAuthor.get(this.#me);
    if (!feed) throw new Error("the own feed is never forgotten");
    return feed;
  }

  #tellHeads(peer: PeerId, authors: readonly PeerId[]): void {
    const heads = authors.flatMap((author): FeedHead[] => {
      const feed = this.#feedByAuthor.get(author);
      return feed && feed.length > 0 ? [{ author, epoch: feed.epoch, length: feed.length }] : [];
    });
    for (let i = 0; i < heads.length; i += MAX_FEEDS_PER_FRAME)
      this.#context.send(peer, { type: "feeds", feeds: heads.slice(i, i + MAX_FEEDS_PER_FRAME) });
  }

  #heard(peer: PeerId, head: FeedHead): void {
    const known = this.#knownByPeer.get(peer);
    if (!known || head.author === this.#me) return;
    if (known.size >= MAX_FEEDS && !known.has(head.author))
      return this.#context.refuse(peer, "too-many-entries");
    known.set(head.author, head);
    this.#askFor(peer, head);
  }

  #askFor(peer: PeerId, head: FeedHead): void {
    const feed = this.#feedByAuthor.get(head.author);
    const newer = !feed || head.epoch > feed.epoch;
    if (newer || (head.epoch === feed.epoch && head.length > expected(feed)))
      this.#context.send(peer, {
        type: "want",
        author: head.author,
        epoch: head.epoch,
        from: newer ? 0 : expected(feed),
      });
  }

  #sendBatch(peer: PeerId, feed: Feed, batch: Batch): void {
    const { author, epoch } = feed;
    this.#context.send(peer, { type: "entries", author, epoch, ...batch });
    const length = batch.first + batch.entries.length;
    const known = this.#knownByPeer.get(peer);
    if (isBehind(known?.get(author), { epoch, length })) known?.set(author, { author, epoch, length });
  }

  #arrived(from: PeerId, frame: EntriesFrame, now: Time): void {
    const { author, epoch, first } = frame;
    if (author === this.#me) return;
    if (frame.entries.some((entry) => entry.length > MAX_ENTRY_BYTES))
      return this.#context.refuse(from, "oversize-entry");
    if (first + frame.entries.length > MAX_ENTRIES_PER_FEED)
      return this.#context.refuse(from, "too-many-entries");

    const current = this.#feedByAuthor.get(author);
    if (current && epoch < current.epoch) return;
    if (!current && this.#feedByAuthor.size >= MAX_FEEDS)
      return this.#context.refuse(from, "too-many-entries");
    if (!current || epoch > current.epoch) {
      // Nothing is forgotten for an unproven claim: the new epoch's first batch is checked before it replaces.
      if (first !== 0) return this.#context.send(from, { type: "want", author, epoch, from: 0 });
      const next = newFeed(author, epoch);
      next.arriving.push({ batch: frame, from, head: chain(next, 0, next.head, frame.entries) });
      return this.#check(next, now);
    }
    if (first < expected(current)) return; // known already
    if (first > expected(current))
      return this.#context.send(from, { type: "want", author, epoch, from: expected(current) });
    if (current.arriving.length >= MAX_ARRIVING) return; // asked for again when these are through
    const previous = current.arriving.at(-1)?.head ?? current.head;
    current.arriving.push({ batch: frame, from, head: chain(current, first, previous, frame.entries) });
    if (current.arriving.length === 1) this.#check(current, now);
  }

  /** Checks the signature of the first arriving batch, then the next, until none is left. */
  #check(feed: Feed, _now: Time): void {
    const next = feed.arriving[0];
    if (!next) return;
    this.#context.verify(feed.author, headText(next.head), next.batch.signature, (valid, now) => {
      if (!valid) {
        feed.arriving = [];
        return this.#context.refuse(next.from, "false-entry");
      }
      const current = this.#feedByAuthor.get(feed.author);
      if (current && current !== feed && current.epoch >= feed.epoch) return; // overtaken meanwhile
      if (current !== feed) {
        this.#feedByAuthor.set(feed.author, feed);
        if (current) this.#context.restarted(feed.author);
      }
      feed.arriving.shift();
      this.#accept(feed, next.batch, next.head);
      this.#toAnnounce.add(feed.author);
      this.#announceAt ??= now + ANNOUNCE_AFTER_MS;
      if (feed.arriving.length > 0) return this.#check(feed, now);
      const known = this.#knownByPeer.get(next.from)?.get(feed.author);
      if (known) this.#askFor(next.from, known);
    });
  }

  #accept(feed: Feed, batch: Batch, head: Uint8Array): void {
    feed.batches.push({ first: batch.first, entries: batch.entries, signature: batch.signature });
    feed.length = batch.first + batch.entries.length;
    feed.head = head;
    batch.entries.forEach((entry, i) =>
      this.#context.applied(feed.author, batch.first + i, decodeEntry(entry)),
    );
  }
}

const newFeed = (author: PeerId, epoch: number): Feed => ({
  author,
  epoch,
  batches: [],
  length: 0,
  head: FIRST_HASH,
  arriving: [],
});

/** The sequence number that the next arriving batch must begin with. */
const expected = (feed: Feed): number => {
  const last = feed.arriving.at(-1)?.batch;
  return last ? last.first + last.entries.length : feed.length;
};

const isBehind = (
  known: { epoch: number; length: number } | undefined,
  head: { epoch: number; length: number },
): boolean =>
  !known || known.epoch < head.epoch || (known.epoch === head.epoch && known.length < head.length);

const chain = (feed: Feed, first: number, previous: Uint8Array, entries: readonly Uint8Array[]): Uint8Array =>
  entries.reduce((hash, entry, i) => entryHash(feed.author, feed.epoch, first + i, hash, entry), previous);

/** Batches are cut where a frame would grow too large. Entries are copied, so that a batch pins no larger buffer. */
const cutIntoBatches = (entries: readonly Uint8Array[]): Uint8Array[][] => {
  const batches: Uint8Array[][] = [];
  let batchBytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const batch = batches.at(-1);
    // 3 bytes of CBOR head per entry; 300 for names and signature.
    if (batch && batch.length < MAX_BATCH_ENTRIES && batchBytes + entry.length + 3 < MAX_BATCH_BYTES - 300) {
      batch.push(concatBytes(entry));
      batchBytes += entry.length + 3;
    } else {
      batches.push([concatBytes(entry)]);
      batchBytes = entry.length + 3;
    }
  }
  return batches;
};
