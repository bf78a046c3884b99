/**
 * The feeds of all authors, as far as this peer keeps them, and the last known entries of authors that are gone.
 * PROTOCOL.md, rules E6 to E8 and E13.
 *
 * It trusts the batches that it is given. Everything that others can fill has a bound here: the number of feeds, their
 * bytes, and how fast one author may add to them.
 */
import { MAX_BATCH_BYTES, type Batch, type FeedName } from "../feed/batch.ts";
import { BoundedSet } from "../base/bounded.ts";
import { viewOf } from "../base/bytes.ts";
import { Feed } from "../feed/feed.ts";
import { FINE_SUMMARY_BUCKETS, SUMMARY_BUCKETS, SUMMARY_BUCKET_BYTES } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import { placeIn } from "../base/sorted.ts";
import type { QueueOfGossip } from "./events.ts";

/** The most presence feeds: as many as a room has members. */
const MAX_PRESENCES = 8_192;
/** All libraries: two million files. Guess. */
const MAX_LIBRARIES_BYTES = 256 * 1024 * 1024;
/** All boards together. A device also keeps them when the tab is closed. Guess. */
const MAX_BOARDS_BYTES = 32 * 1024 * 1024;
/** So much is let go together, because finding the largest boards takes a look at all of them. */
const BOARDS_SLACK_BYTES = 1024 * 1024;
/** Empty boards that are remembered, so that the posts that were let go are not asked for again. Guess. */
const MAX_EMPTY_BOARDS = 8_192;
/** Libraries that came before their author's first profile, and how long they may wait for it. Guess. */
const MAX_EARLY_LIBRARIES = 256;
const EARLY_LIBRARY_MS = 60_000;
/** A batch takes so much beside its bytes. */
const BATCH_OVERHEAD_BYTES = 256;
/** A peer that slept may still bring a gone author's old profile, but no later than this. Guess. */
const TOMBSTONE_MS = 3_600_000;
const MAX_TOMBSTONES = MAX_PRESENCES;
/** An author may add so much at once, its library and a day of talk; and in time, 15 posts a second. Guess. */
const AUTHOR_BYTES_AT_ONCE = 48 * 1024 * 1024;
const AUTHOR_BYTES_PER_SECOND = 64 * 1024;
/** A batch costs its receivers a signature check, however small it is. */
const LEAST_CHARGE_BYTES = 4_096;

/** Each peer in a room of thousands has as many of these: so nothing is stored here that can be computed. */
interface Author {
  /** The epoch of presence and library; -1 when there are none. */
  epoch: number;
  presence: Feed | null;
  library: Feed | null;
  /** The boards of all its epochs. */
  boards: readonly Feed[];
  /** The author is gone, and this was its last profile: only a later one brings it back. */
  gone: { readonly epoch: number; readonly length: number } | null;
}

export class Archive {
  readonly #queue: QueueOfGossip;
  readonly #authorById = new Map<PeerId, Author>();
  /** For each author the time when its additions are paid off; those that added something last are at the end. */
  readonly #paidAtById = new Map<PeerId, Time>();
  #presences = 0;
  #libraryBytes = 0;
  #boardBytes = 0;
  /** Two 32-bit numbers for each bucket of the finest summary: the XOR of the prints of all feeds in it. */
  readonly #summary = new Uint32Array(FINE_SUMMARY_BUCKETS * 2);
  /** The gone authors that are still remembered, in the order in which they will be forgotten. */
  readonly #tombstoneUntil = new Map<PeerId, Time>();
  /** The oldest first. */
  readonly #earlyLibraryUntil = new Map<PeerId, Time>();
  readonly #emptyBoards = new BoundedSet<Feed>(MAX_EMPTY_BOARDS);

  constructor(queue: QueueOfGossip) {
    this.#queue = queue;
  }

  /** Authors whose presence is known. */
  get size(): number {
    return this.#presences;
  }

  feed({ author, epoch, topic }: FeedName): Feed | null {
    const known = this.#authorById.get(author);
    if (!known) return null;
    if (topic === "board") return known.boards.find((board) => board.epoch === epoch) ?? null;
    return known.epoch === epoch ? known[topic] : null;
  }

  /** Whether the feed's epoch has ended, or its author is gone and `length` entries bring nothing later. */
  isOver({ author, epoch, topic }: FeedName, length: number): boolean {
    const known = this.#authorById.get(author);
    if (!known || topic === "board") return false;
    if (epoch < known.epoch) return true;
    const { gone } = known;
    return (
      gone !== null &&
      (epoch < gone.epoch || (epoch === gone.epoch && (topic === "library" || length <= gone.length)))
    );
  }

  /** Whether anything of the author is here: its presence, its library, or a board. */
  isKnown(author: PeerId): boolean {
    for (const feed of feedsOf(this.#authorById.get(author) ?? NOBODY)) if (!feed.isEmpty) return true;
    return false;
  }

  /** Whether the author is gone and has not come back. */
  isGone(author: PeerId): boolean {
    return !!this.#authorById.get(author)?.gone;
  }

  /** Whether the author has added so much in a short time that it has to wait: a flood is not passed on. */
  isFlooding(author: PeerId, now: Time): boolean {
    return (this.#paidAtById.get(author) ?? now) - now > timeFor(AUTHOR_BYTES_AT_ONCE);
  }

  /** Whether there is room for one more batch of this feed. */
  hasRoomFor({ author, topic }: FeedName): boolean {
    switch (topic) {
      case "presence":
        return this.#presences < MAX_PRESENCES || !!this.#authorById.get(author)?.presence;
      case "library": {
        const known = this.#authorById.get(author);
        const mayCome =
          (known && hasWord(known)) ||
          this.#earlyLibraryUntil.has(author) ||
          this.#earlyLibraryUntil.size < MAX_EARLY_LIBRARIES;
        return mayCome && this.#libraryBytes + MAX_BATCH_BYTES <= MAX_LIBRARIES_BYTES;
      }
      case "board":
        return true; // older posts make room
    }
  }

  /** Takes a batch that is "next". Returns the feed, and the number of the first new entry. */
  append(batch: Batch, now: Time): { feed: Feed; from: number } {
    const author = this.#authorOf(batch.author);
    const feed = this.open(batch);
    if (batch.topic === "presence") {
      author.gone = null;
      this.#tombstoneUntil.delete(batch.author);
      this.#earlyLibraryUntil.delete(batch.author);
    } else if (batch.topic === "library" && !hasWord(author) && !this.#earlyLibraryUntil.has(batch.author))
      this.#earlyLibraryUntil.set(batch.author, now + EARLY_LIBRARY_MS);
    this.#endEarlyLibraries(now);
    this.#charge(batch, now);
    const { from, let: gone } = this.#change(feed, () => feed.append(batch));
    this.#letGo(feed, gone);
    this.#makeRoom();
    return { feed, from };
  }

  /** Takes a batch that is "earlier". False: it is too old to be kept. */
  prepend(feed: Feed, batch: Batch): boolean {
    const isKept = this.#change(feed, () => feed.prepend(batch));
    this.#makeRoom();
    return isKept;
  }

  /** The feed of this name, new if there was none. A later epoch of its author ends the earlier one. */
  open(name: FeedName): Feed {
    const author = this.#authorOf(name.author);
    if (name.topic !== "board" && name.epoch > author.epoch) {
      this.#endLife(author);
      author.epoch = name.epoch;
    }
    const known = this.feed(name);
    if (known) return known;
    const feed = new Feed(name);
    if (name.topic === "board") author.boards = [...author.boards, feed];
    else author[name.topic] = feed;
    return feed;
  }

  /** Empties a board whose news follow after a gap too long to fill: it begins anew with them. */
  clear(feed: Feed): void {
    const { base, length, batches } = feed;
    this.#change(feed, () => feed.clear());
    for (const { first } of batches) this.#queue({ type: "unkeep", feed, first });
    if (base < length) this.#queue({ type: "dropped", feed, begin: base, end: length });
  }

  freeze(name: FeedName, at: number): void {
    const feed = this.open(name);
    const { length } = feed;
    const gone = this.#change(feed, () => feed.freeze(at));
    if (name.topic === "board") for (const { first } of gone) this.#queue({ type: "unkeep", feed, first });
    if (feed.length < length) this.#queue({ type: "dropped", feed, begin: feed.length, end: length });
  }

  /** Removes presence and library of an author that is gone. */
  forget(id: PeerId, now: Time): void {
    const author = this.#authorById.get(id);
    if (!author || author.epoch < 0) return;
    author.gone = { epoch: author.epoch, length: author.presence?.length ?? 0 };
    this.#endLife(author);
    this.#tombstoneUntil.delete(id);
    this.#tombstoneUntil.set(id, now + TOMBSTONE_MS);
    for (const [oldest, until] of this.#tombstoneUntil) {
      if (now < until && this.#tombstoneUntil.size <= MAX_TOMBSTONES) break;
      this.#tombstoneUntil.delete(oldest);
      this.#bury(oldest);
    }
  }

  /** 8 bytes for each bucket. Two peers' summaries are equal when they know the same, and practically only then. */
  summary(buckets = SUMMARY_BUCKETS): Uint8Array {
    const sums = this.#summary.slice(0, buckets * 2);
    for (let i = sums.length; i < this.#summary.length; i++) sums[i % sums.length]! ^= this.#summary[i]!;
    const bytes = new Uint8Array(buckets * SUMMARY_BUCKET_BYTES);
    const view = viewOf(bytes);
    for (const [i, sum] of sums.entries()) view.setUint32(i * 4, sum);
    return bytes;
  }

  /** The feeds in those buckets where the other's summary differs from ours. */
  *unlike(summary: Uint8Array): Iterable<Feed> {
    const buckets = summary.length / SUMMARY_BUCKET_BYTES;
    const ours = this.summary(buckets);
    const unlike = new Set<number>();
    for (const [i, byte] of ours.entries())
      if (byte !== summary[i]) unlike.add(Math.floor(i / SUMMARY_BUCKET_BYTES));
    if (unlike.size === 0) return;
    for (const [id, author] of this.#authorById)
      if (unlike.has(bucketOf(id) % buckets)) yield* feedsOf(author);
  }

  #authorOf(id: PeerId): Author {
    let author = this.#authorById.get(id);
    if (!author) this.#authorById.set(id, (author = newAuthor()));
    return author;
  }

  #charge({ author, bytes }: Batch, now: Time): void {
    const paidAt = Math.max(this.#paidAtById.get(author) ?? now, now) + timeFor(bytes.length);
    this.#paidAtById.delete(author);
    this.#paidAtById.set(author, paidAt);
    for (const [oldest, until] of this.#paidAtById) {
      if (now < until) return;
      this.#paidAtById.delete(oldest);
    }
  }

  /** Changes a feed, and updates the sums over all feeds. */
  #change<Result>(feed: Feed, change: () => Result): Result {
    this.#count(feed, -1);
    const result = change();
    this.#count(feed, 1);
    return result;
  }

  #count(feed: Feed, sign: 1 | -1): void {
    if (feed.isEmpty && feed.frozenAt === null) return;
    const at = bucketOf(feed.author) * 2;
    const { print } = feed;
    this.#summary[at]! ^= Number.parseInt(print.slice(0, 8), 16);
    this.#summary[at + 1]! ^= Number.parseInt(print.slice(8), 16);
    if (feed.topic === "presence" && !feed.isEmpty) this.#presences += sign;
    if (feed.topic === "library") this.#libraryBytes += sign * feed.bytes;
    if (feed.topic === "board") this.#boardBytes += sign * boardBytesOf(feed);
  }

  #letGo(feed: Feed, gone: readonly Batch[]): void {
    if (feed.topic !== "board") return; // presence: the last profile is the only one that anybody asks for
    for (const { first, end } of gone) {
      this.#queue({ type: "unkeep", feed, first });
      this.#queue({ type: "dropped", feed, begin: first, end });
    }
  }

  /** While all boards are too large, the author with the most bytes loses the oldest post of its oldest epoch. [E8b] */
  #makeRoom(): void {
    if (this.#boardBytes <= MAX_BOARDS_BYTES) return;
    const byBytes = [...this.#authorById.values()].filter(hasPosts).sort(byLeastBytes);
    while (this.#boardBytes > MAX_BOARDS_BYTES - BOARDS_SLACK_BYTES) {
      const author = byBytes.pop()!;
      const feed = author.boards.filter(({ isEmpty }) => !isEmpty).sort((a, b) => a.epoch - b.epoch)[0]!;
      this.#letGo(feed, [this.#change(feed, () => feed.shift())]);
      if (feed.isEmpty) this.#emptied(feed);
      if (hasPosts(author)) byBytes.splice(placeIn(byBytes, author, byLeastBytes), 0, author);
    }
  }

  #emptied(board: Feed): void {
    const oldest = this.#emptyBoards.add(board);
    if (!oldest) return;
    if (!oldest.isEmpty || oldest.frozenAt !== null) return;
    const author = this.#authorOf(oldest.author);
    author.boards = author.boards.filter((other) => other !== oldest);
    this.#endIfNothing(oldest.author);
  }

  /** Drops the libraries of authors whose profile did not come in time. */
  #endEarlyLibraries(now: Time): void {
    for (const [id, until] of this.#earlyLibraryUntil) {
      if (now < until) return;
      this.#earlyLibraryUntil.delete(id);
      const author = this.#authorById.get(id);
      if (!author || hasWord(author)) continue;
      this.#endLife(author);
      this.#endIfNothing(id);
    }
  }

  #endLife(author: Author): void {
    for (const feed of [author.presence, author.library]) {
      if (!feed) continue;
      this.#count(feed, -1);
      if (feed.base < feed.length) this.#queue({ type: "dropped", feed, begin: feed.base, end: feed.length });
    }
    author.presence = author.library = null;
    author.epoch = -1;
  }

  #bury(id: PeerId): void {
    const author = this.#authorById.get(id);
    if (!author) return;
    author.gone = null;
    this.#endIfNothing(id);
  }

  #endIfNothing(id: PeerId): void {
    const author = this.#authorById.get(id);
    if (author && author.epoch < 0 && author.boards.length === 0 && !author.gone) this.#authorById.delete(id);
  }
}

const newAuthor = (): Author => ({
  epoch: -1,
  presence: null,
  library: null,
  boards: NO_FEEDS,
  gone: null,
});

const NO_FEEDS: readonly Feed[] = [];

const NOBODY = { presence: null, library: null, boards: NO_FEEDS };

function* feedsOf({
  presence,
  library,
  boards,
}: Pick<Author, "presence" | "library" | "boards">): Iterable<Feed> {
  if (presence) yield presence;
  if (library) yield library;
  yield* boards;
}

/** Whether the author's profile is known. */
const hasWord = ({ presence }: Author): boolean => presence !== null && !presence.isEmpty;

const hasPosts = ({ boards }: Author): boolean => boards.some(({ isEmpty }) => !isEmpty);

const boardBytesOf = ({ bytes, batches }: Feed): number => bytes + batches.length * BATCH_OVERHEAD_BYTES;

const allBoardBytesOf = ({ boards }: Author): number =>
  boards.reduce((sum, board) => sum + boardBytesOf(board), 0);

/** Compares authors with boards: the one that loses next is last. */
const byLeastBytes = (a: Author, b: Author): number =>
  allBoardBytesOf(a) - allBoardBytesOf(b) || (a.boards[0]!.author < b.boards[0]!.author ? 1 : -1);

/** The author's bucket in the finest summary; in a coarser one it is this number modulo the number of buckets. */
const bucketOf = (author: PeerId): number => Number.parseInt(author.slice(0, 4), 16) % FINE_SUMMARY_BUCKETS;

/** How long it takes to pay off a batch. */
const timeFor = (bytes: number): number =>
  (Math.max(bytes, LEAST_CHARGE_BYTES) * 1000) / AUTHOR_BYTES_PER_SECOND;
