/**
 * One feed as it is known here: batches in order, without gaps, from `base` to `length`. PROTOCOL.md, rules E3 to E9.
 *
 * Each topic is kept in its own way: a library whole; of presence the last profile; of a board the last posts, as many
 * as fit, the same ones at every peer. The feed trusts the batches that it is given: signatures are checked before.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import {
  hashBefore,
  keyOf,
  MAX_BATCH_BYTES,
  NO_ENTRY,
  type Batch,
  type EntryHash,
  type FeedName,
} from "./batch.ts";
import { bytesToHex, utf8ToBytes } from "../base/bytes.ts";
import type { Topic } from "./entry.ts";
import type { PeerId } from "../names/peer-id.ts";

/** A library of 100,000 files and as many changes. Guess; 200,000 entries of 150 bytes are 30 MB. */
export const MAX_LIBRARY_ENTRIES = 200_000;
const MAX_LIBRARY_BYTES = 32 * 1024 * 1024;
/** Posts kept of each author and epoch: a talkative year, or a class's afternoon. Guess. */
export const MAX_BOARD_ENTRIES = 500;
const MAX_BOARD_BYTES = 1024 * 1024;

/** Hex digits of a hash where it only has to tell two feeds apart. */
export const MARK_DIGITS = 16;

/** A peer's statement of how much of a feed it knows. */
export interface Head extends FeedName {
  /** Number of the first entry it keeps, and one more than that of the last. */
  readonly base: number;
  readonly length: number;
  /** The first 16 hex digits of the last entry's hash. */
  readonly mark: string;
}

export type Fit =
  /** Continues the feed, or begins it, or takes the place of all (presence). */
  | "next"
  /** Ends where the kept batches begin (a board). */
  | "earlier"
  /** Ends before that: the entries between are not known. */
  | "apart"
  /** Nothing new. */
  | "known"
  /** Begins after the end: entries between are missing. */
  | "gap"
  /** Contradicts what its author said before. */
  | "fork";

export class Feed implements FeedName {
  readonly author: PeerId;
  readonly epoch: number;
  readonly topic: Topic;
  /** In order, each beginning where the one before it ends, or overlapping it. */
  batches: readonly Batch[] = [];
  /** The length of its batches together. */
  bytes = 0;
  /** Entries before this one were let go: they are not asked for again. */
  floor = 0;
  /** Its author was caught lying: from this entry on nothing counts, and entries up to there may still come. [E9c] */
  frozenAt: number | null = null;

  constructor({ author, epoch, topic }: FeedName) {
    this.author = author;
    this.epoch = epoch;
    this.topic = topic;
  }

  get key(): string | undefined {
    return this.batches[0]?.key;
  }

  get base(): number {
    return this.batches[0]?.first ?? this.floor;
  }

  get length(): number {
    const end = this.batches.at(-1)?.end ?? this.floor;
    return this.frozenAt === null ? end : Math.min(end, this.frozenAt);
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  get head(): Head {
    const { author, epoch, topic, base, length } = this;
    return { author, epoch, topic, base, length, mark: this.hashBefore(length).slice(0, MARK_DIGITS) };
  }

  /** 16 hex digits for summaries: they differ between peers that know different things of the feed. */
  get print(): string {
    const { base, length, frozenAt } = this;
    if (frozenAt === null && (base === 0 || this.topic !== "board")) return this.head.mark;
    const text = `${keyOf(this)} ${base} ${length} ${this.hashBefore(length)} ${frozenAt}`;
    return bytesToHex(sha256(utf8ToBytes(text))).slice(0, MARK_DIGITS);
  }

  /** Whether the peer that sent this head has entries that are missing here or differ from those here. */
  isBehind(head: Head): boolean {
    const { length } = this;
    if (this.frozenAt !== null && length >= this.frozenAt) return false;
    if (length < head.length) return !this.isFull;
    if (this.topic === "board" && head.base < this.base && this.base > this.floor) return true;
    return length === head.length && !this.isEmpty && head.mark !== this.head.mark;
  }

  fitOf(batch: Batch): Fit {
    const { base, length, topic } = this;
    const end = this.#counting(batch);
    if (batch.first >= end) return "known";
    if (this.isEmpty)
      return topic === "library" && batch.first > 0 ? "gap" : end > this.floor ? "next" : "known";
    const shared = Math.min(length, end);
    if (Math.max(base, batch.first) <= shared && this.hashBefore(shared) !== hashBefore(batch, shared))
      return "fork";
    if (end > length) return batch.first <= length || topic === "presence" ? "next" : "gap";
    if (topic !== "board" || end > base || base <= this.floor) return "known";
    return end === base ? "earlier" : "apart";
  }

  /** Whether this is a library that may not grow any more: then nothing more of it is asked for. */
  get isFull(): boolean {
    return (
      this.topic === "library" &&
      (this.length >= MAX_LIBRARY_ENTRIES || this.bytes > MAX_LIBRARY_BYTES - MAX_BATCH_BYTES)
    );
  }

  /** Takes a batch that is "next". Returns the batches let go for it, and the number of the first new entry. */
  append(batch: Batch): { from: number; let: readonly Batch[] } {
    const from = Math.max(this.isEmpty ? 0 : this.length, batch.first);
    // `concat`, not a push or a spread: arrays that grow reserve room for a dozen more, and most feeds have one batch.
    this.batches = this.batches.concat(batch);
    this.bytes += batch.bytes.length;
    return { from, let: this.#letGo() };
  }

  /** Takes an "earlier" batch. False: there is no room for it, and older ones are not asked for any more. */
  prepend(batch: Batch): boolean {
    const fits =
      this.length - batch.first <= MAX_BOARD_ENTRIES && this.bytes + batch.bytes.length <= MAX_BOARD_BYTES;
    if (!fits) this.floor = this.base;
    else {
      this.batches = [batch, ...this.batches];
      this.bytes += batch.bytes.length;
    }
    return fits;
  }

  /** Lets the oldest batch go and returns it: other feeds need the room. */
  shift(): Batch {
    const [oldest] = this.batches;
    if (!oldest) throw new Error("nothing left to let go");
    this.batches = this.batches.slice(1);
    this.bytes -= oldest.bytes.length;
    this.floor = oldest.end;
    return oldest;
  }

  /** Empties the feed: the next batch begins it anew. */
  clear(): void {
    this.batches = [];
    this.bytes = 0;
    this.floor = 0;
  }

  /** Makes no entry from `at` on count. Returns the batches that were removed. [E9] */
  freeze(at: number): readonly Batch[] {
    this.frozenAt = at;
    const gone = this.batches.filter(({ first }) => first >= at);
    this.batches = this.batches.filter(({ first }) => first < at);
    for (const { bytes } of gone) this.bytes -= bytes.length;
    if (this.isEmpty) this.floor = 0;
    return gone;
  }

  /** The hash before entry `at`, which lies between `base` and `length`. */
  hashBefore(at: number): EntryHash {
    const batch = this.batchBefore(at);
    return batch ? hashBefore(batch, at) : (this.batches[0]?.previous ?? NO_ENTRY);
  }

  /** The batch that holds entry `at - 1`. */
  batchBefore(at: number): Batch | undefined {
    return this.batches.findLast(({ first, end }) => first < at && at <= end);
  }

  /** `count` batches with entries from `from` on; if negative, as many with entries before it, the latest first. */
  some(from: number, count: number): readonly Batch[] {
    if (count < 0)
      return this.batches
        .filter(({ first }) => first < from)
        .slice(count)
        .reverse();
    const index = this.batches.findIndex(({ end }) => end > from);
    return index < 0 ? [] : this.batches.slice(index, index + count);
  }

  /** The end of those entries of the batch that count. */
  #counting({ end }: Batch): number {
    return this.frozenAt === null ? end : Math.min(end, this.frozenAt);
  }

  #letGo(): readonly Batch[] {
    if (this.topic === "library") return [];
    const gone: Batch[] = [];
    while (this.batches.length > 1 && this.#isTooMuch()) gone.push(this.shift());
    return gone;
  }

  #isTooMuch(): boolean {
    if (this.topic === "presence") return true;
    return this.length - this.base > MAX_BOARD_ENTRIES || this.bytes > MAX_BOARD_BYTES;
  }
}
