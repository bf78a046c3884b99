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
/** What one feed may take of the memory, for the same library. Guess. */
const MAX_BYTES_PER_FEED = 32 * 1024 * 1024;
/** Feeds kept: as many as a room has members. */
const MAX_FEEDS = 8_192;
/** Batches sent for one `want`: 16 of up to 60 KB keep a link busy and leave room for everything else. Guess. */
const BATCHES_PER_WANT = 16;
/** Sent to one peer for its wants at once, and more each second: a link ends when 15 MiB wait in it unread. Guess. */
const WANTED_BYTES_AT_ONCE = 8 * 1024 * 1024;
const WANTED_BYTES_PER_SECOND = 1024 * 1024;
/** Batches that may wait for a signature check, per feed. */
const MAX_ARRIVING = 32;
/** A peer that was asked and sends nothing for this long is passed over for another. Guess. */
const ANSWER_WITHIN_MS = 5_000;
/** How long a head waits to be told to others, so that a burst becomes one frame. */
const ANNOUNCE_AFTER_MS = 200;

type Batch = Pick<EntriesFrame, "first" | "entries" | "signature">;

interface Feed {
  readonly author: PeerId;
  readonly epoch: number;
  readonly batches: Batch[];
  length: number;
  /** Of its entries. */
  bytes: number;
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
  /** Epochs that somebody claims, until their first batch has verified. */
  readonly #candidateByAuthor = new Map<PeerId, Feed>();
  /** How far each linked peer knows each feed, as far as we know. */
  readonly #knownByPeer = new Map<PeerId, Map<PeerId, FeedHead>>();
  /** Who was asked for the rest of a feed, so that not everybody sends it. */
  readonly #askedByAuthor = new Map<PeerId, { peer: PeerId; batchesLeft: number; until: Time }>();
  /** What each peer may still want at the moment. */
  readonly #allowanceByPeer = new Map<PeerId, { bytes: number; at: Time }>();
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

  peerDown(peer: PeerId, now: Time): void {
    this.#knownByPeer.delete(peer);
    this.#allowanceByPeer.delete(peer);
    for (const [author, asked] of this.#askedByAuthor) if (asked.peer === peer) this.#askAnother(author, now);
  }

  /** Drops what is known of an author that has left. */
  forget(author: PeerId): void {
    if (author === this.#me) return;
    this.#feedByAuthor.delete(author);
    this.#askedByAuthor.delete(author);
  }

  frame(peer: PeerId, frame: FeedFrame, now: Time): void {
    switch (frame.type) {
      case "feeds":
        for (const head of frame.feeds) this.#heard(peer, head, now);
        return;
      case "want": {
        const feed = this.#feedByAuthor.get(frame.author);
        if (feed?.epoch !== frame.epoch) return;
        const index = feed.batches.findIndex((batch) => batch.first >= frame.from);
        if (index < 0) return;
        for (const batch of feed.batches.slice(index, index + BATCHES_PER_WANT)) {
          if (!this.#mayHave(peer, batch, now)) return this.#context.refuse(peer, "too-many-requests");
          this.#sendBatch(peer, feed, batch);
        }
        return;
      }
      case "entries":
        this.#arrived(peer, frame);
        return;
    }
  }

  tick(now: Time): void {
    for (const [author, asked] of this.#askedByAuthor) if (now >= asked.until) this.#askAnother(author, now);
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
    let next = this.#announceAt ?? Infinity;
    for (const { until } of this.#askedByAuthor.values()) next = Math.min(next, until);
    return next === Infinity ? null : next;
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

  #heard(peer: PeerId, head: FeedHead, now: Time): void {
    const known = this.#knownByPeer.get(peer);
    if (!known || head.author === this.#me) return;
    if (known.size >= MAX_FEEDS && !known.has(head.author))
      return this.#context.refuse(peer, "too-many-entries");
    known.set(head.author, head);
    if (!this.#askedByAuthor.has(head.author)) this.#ask(peer, head, now);
  }

  /** Asks the peer for what it knows and we don't. */
  #ask(peer: PeerId, { author, epoch, length }: FeedHead, now: Time): void {
    const feed = this.#feedByAuthor.get(author);
    if (feed?.epoch === epoch && !hasRoom(feed)) return;
    if (feed && !isBehind({ epoch: feed.epoch, length: expected(feed) }, { epoch, length })) return;
    const from = feed?.epoch === epoch ? expected(feed) : 0;
    this.#askedByAuthor.set(author, {
      peer,
      batchesLeft: BATCHES_PER_WANT,
      until: now + ANSWER_WITHIN_MS,
    });
    this.#context.send(peer, { type: "want", author, epoch, from });
  }

  /** The next in turn of those that know more than we do: no two that stay silent can keep the turn to themselves. */
  #askAnother(author: PeerId, now: Time): void {
    const last = this.#askedByAuthor.get(author)?.peer;
    this.#askedByAuthor.delete(author);
    const feed = this.#feedByAuthor.get(author);
    const ahead = [...this.#knownByPeer].flatMap(([peer, known]) => {
      const head = known.get(author);
      return head && isBehind(feed, head) ? [{ peer, head }] : [];
    });
    const next = ahead[(ahead.findIndex(({ peer }) => peer === last) + 1) % ahead.length];
    if (next) this.#ask(next.peer, next.head, now);
  }

  #mayHave(peer: PeerId, batch: Batch, now: Time): boolean {
    const allowance = this.#allowanceByPeer.get(peer) ?? { bytes: WANTED_BYTES_AT_ONCE, at: now };
    this.#allowanceByPeer.set(peer, allowance);
    const earned = ((now - allowance.at) * WANTED_BYTES_PER_SECOND) / 1000;
    allowance.bytes = Math.min(allowance.bytes + earned, WANTED_BYTES_AT_ONCE);
    allowance.at = now;
    if (allowance.bytes < bytesOf(batch)) return false;
    allowance.bytes -= bytesOf(batch);
    return true;
  }

  #sendBatch(peer: PeerId, feed: Feed, batch: Batch): void {
    const { author, epoch } = feed;
    this.#context.send(peer, { type: "entries", author, epoch, ...batch });
    const length = batch.first + batch.entries.length;
    const known = this.#knownByPeer.get(peer);
    if (isBehind(known?.get(author), { epoch, length })) known?.set(author, { author, epoch, length });
  }

  #arrived(from: PeerId, frame: EntriesFrame): void {
    const { author, epoch, first } = frame;
    if (author === this.#me) return;
    if (frame.entries.some((entry) => entry.length > MAX_ENTRY_BYTES))
      return this.#context.refuse(from, "oversize-entry");
    if (first + frame.entries.length > MAX_ENTRIES_PER_FEED)
      return this.#context.refuse(from, "too-many-entries");

    const feed = this.#feedOrCandidate(from, frame);
    if (feed && feed.bytes + bytesOf(frame) > MAX_BYTES_PER_FEED)
      return this.#context.refuse(from, "too-many-entries");
    if (!feed || first < expected(feed)) return; // not wanted, or known already
    if (first > expected(feed))
      return this.#context.send(from, { type: "want", author, epoch, from: expected(feed) });
    if (feed.arriving.length >= MAX_ARRIVING) return; // asked for again when these are through
    const previous = feed.arriving.at(-1)?.head ?? feed.head;
    feed.arriving.push({ batch: frame, from, head: chain(feed, first, previous, frame.entries) });
    if (feed.arriving.length === 1) this.#check(feed);
  }

  /** Nothing is forgotten for a claim: a new epoch is a candidate until its first batch has verified. [E6] */
  #feedOrCandidate(from: PeerId, { author, epoch, first }: EntriesFrame): Feed | null {
    const current = this.#feedByAuthor.get(author);
    if (current && epoch <= current.epoch) return epoch === current.epoch ? current : null;
    const candidate = this.#candidateByAuthor.get(author);
    if (candidate) return candidate.epoch === epoch ? candidate : null;
    if (first !== 0) {
      this.#context.send(from, { type: "want", author, epoch, from: 0 });
      return null;
    }
    if (this.#feedByAuthor.size + this.#candidateByAuthor.size >= MAX_FEEDS) {
      this.#context.refuse(from, "too-many-entries");
      return null;
    }
    const fresh = newFeed(author, epoch);
    this.#candidateByAuthor.set(author, fresh);
    return fresh;
  }

  /** Checks the signature of the first arriving batch, then the next, until none is left. */
  #check(feed: Feed): void {
    const next = feed.arriving[0];
    if (!next) return;
    this.#context.verify(feed.author, headText(next.head), next.batch.signature, (valid, now) => {
      const isCandidate = this.#candidateByAuthor.get(feed.author) === feed;
      if (isCandidate) this.#candidateByAuthor.delete(feed.author);
      if (!valid) {
        feed.arriving = [];
        this.#context.refuse(next.from, "false-entry");
        return this.#askAnother(feed.author, now);
      }
      if (isCandidate) {
        const replaced = this.#feedByAuthor.get(feed.author);
        this.#feedByAuthor.set(feed.author, feed);
        if (replaced) this.#context.restarted(feed.author);
      } else if (this.#feedByAuthor.get(feed.author) !== feed) return; // overtaken or forgotten meanwhile
      feed.arriving.shift();
      this.#accept(feed, next.batch, next.head);
      this.#toAnnounce.add(feed.author);
      this.#announceAt ??= now + ANNOUNCE_AFTER_MS;
      this.#answered(feed, now);
      this.#check(feed);
    });
  }

  /** A batch has come: the one who was asked gets more time, or is asked for more. */
  #answered({ author }: Feed, now: Time): void {
    const asked = this.#askedByAuthor.get(author);
    if (!asked) return;
    asked.until = now + ANSWER_WITHIN_MS;
    const head = this.#knownByPeer.get(asked.peer)?.get(author);
    if (--asked.batchesLeft > 0 && head && isBehind(this.#feedByAuthor.get(author), head)) return;
    this.#askedByAuthor.delete(author);
    if (head) this.#ask(asked.peer, head, now);
  }

  #accept(feed: Feed, batch: Batch, head: Uint8Array): void {
    feed.batches.push({ first: batch.first, entries: batch.entries, signature: batch.signature });
    feed.length = batch.first + batch.entries.length;
    feed.bytes += bytesOf(batch);
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
  bytes: 0,
  head: FIRST_HASH,
  arriving: [],
});

const bytesOf = ({ entries }: Pick<Batch, "entries">): number =>
  entries.reduce((sum, entry) => sum + entry.length, 0);

/** A feed that can't take another batch is not asked for. Its verified part tells: of the rest anybody can lie. */
const hasRoom = ({ length, bytes }: Feed): boolean =>
  length + MAX_BATCH_ENTRIES <= MAX_ENTRIES_PER_FEED && bytes + MAX_BATCH_BYTES <= MAX_BYTES_PER_FEED;

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
