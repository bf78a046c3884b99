/**
 * A batch: entries of one feed that their author signed together. PROTOCOL.md, rules E1 and E2.
 *
 * The hash of the entry before it travels with it, so that it verifies by itself. Entries are chained by
 *   hash(n) = SHA-256(feed (32) | n (u64) | hash(n - 1), zeros for the first | entry bytes)
 *   feed    = SHA-256(label | author (32) | epoch (u64) | topic (u8))
 * and one signature over the hash of the last covers author, epoch, topic, order and content of all before it. A batch
 * is kept and sent on as the very bytes of the frame that it came in; nobody but its author ever encodes it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "cborg";
import { fail, ok, type Result } from "@swapmeet/shared";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes, viewOf } from "../base/bytes.ts";
import { decodeCbor } from "../base/cbor.ts";
import { decodeEntry, MAX_ENTRY_BYTES, TOPICS, type Topic } from "./entry.ts";
import { HASH_BYTES } from "../names/file-id.ts";
import { peerIdOf, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

/** The limit for the whole frame of a batch: two of them fit into one other frame, as the proof of a lie. [E9a] */
export const MAX_BATCH_BYTES = 32_000;
/** A batch of so many has entries of 16 bytes on average, and few are as short. Guess. */
export const MAX_BATCH_ENTRIES = 2_000;
/** The largest post is the largest entry; those of other feeds are a name of 255 bytes, a folder and change. */
const MAX_ENTRY_BYTES_BY_TOPIC = { presence: 512, library: 2_048, board: MAX_ENTRY_BYTES };

export interface FeedName {
  readonly author: PeerId;
  /** Higher for each visit under the same peer id. */
  readonly epoch: number;
  readonly topic: Topic;
  /** The result of `keyOf`, where it is at hand: a large room needs thousands of them a second. */
  readonly key?: string | undefined;
}

declare const entryHash: unique symbol;
/** The hash of an entry and all before it, as 64 lower-case hex digits. */
export type EntryHash = string & { readonly [entryHash]: true };
/** Stands for the hash before the first entry of every feed. */
export const NO_ENTRY = "0".repeat(2 * HASH_BYTES) as EntryHash;

export interface Batch extends FeedName {
  /** Number of its first entry, and one more than that of its last. */
  readonly first: number;
  readonly end: number;
  /** Hash of the entry before its first. */
  readonly previous: EntryHash;
  /** Hash of its last entry: what its author signed. */
  readonly head: EntryHash;
  /** The frame. */
  readonly bytes: Uint8Array;
}

/** The name alone of something that has one. */
export const feedNameOf = ({ author, epoch, topic }: FeedName): FeedName => ({ author, epoch, topic });

/** The name as a Map's key. */
export const keyOf = ({ author, epoch, topic, key }: FeedName): string =>
  key ?? `${author} ${epoch} ${topic}`;

/** [code, author, epoch, topic, first, previous, entries, signature] */
const FIELDS = 8;
export const BATCH_CODE = 7;
const ENTRIES_FIELD = 6;

/** Whether a frame is a batch, well-formed or not. */
export const isBatch = (frame: Uint8Array): boolean => frame[0] === 0x80 + FIELDS && frame[1] === BATCH_CODE;

export const encodeBatch = (
  { author, epoch, topic }: FeedName,
  first: number,
  previous: EntryHash,
  entries: readonly Uint8Array[],
  signature: Uint8Array,
): Uint8Array =>
  // Copied: an encoder may give a part of a larger buffer, which would be kept with it.
  concatBytes(
    encode([
      BATCH_CODE,
      hexToBytes(author),
      epoch,
      TOPICS.indexOf(topic),
      first,
      hexToBytes(previous),
      entries,
      signature,
    ]),
  );

/** The same bytes are decoded once for all engines of a simulation: a batch is a value. */
const batchByBytes = new WeakMap<Uint8Array, Batch>();

/** Everything about it is checked but its signature, and how it fits what is known. */
export const decodeBatch = (bytes: Uint8Array): Result<Batch, Refusal> => {
  const known = batchByBytes.get(bytes);
  if (known) return ok(known);
  if (bytes.length > MAX_BATCH_BYTES) return fail("malformed-frame");
  const fields = decodeCbor(bytes);
  if (!Array.isArray(fields) || fields.length !== FIELDS) return fail("malformed-frame");
  const [, author, epoch, topicNumber, first, previousHash, entries, signature] = fields as unknown[];
  if (!isBytes(author, PUBLIC_KEY_BYTES) || !isCount(epoch) || !isCount(topicNumber) || !isCount(first))
    return fail("malformed-frame");
  const topic = TOPICS[topicNumber];
  if (!topic || !isBytes(previousHash, HASH_BYTES) || !isBytes(signature, SIGNATURE_BYTES))
    return fail("malformed-frame");
  if (!isEntries(entries) || entries.length > mostEntriesOf(topic)) return fail("malformed-frame");
  if (entries.some(({ length }) => length > MAX_ENTRY_BYTES_BY_TOPIC[topic])) return fail("oversize-entry");

  // Otherwise an author could stay silent and never be missed. [E3a]
  if (topic === "presence" && !entries.every(isWord)) return fail("false-entry");

  const name = { author: peerIdOf(author), epoch, topic };
  const previous = bytesToHex(previousHash) as EntryHash;
  const end = first + entries.length;
  if ((first === 0 && previous !== NO_ENTRY) || !Number.isSafeInteger(end)) return fail("malformed-frame");
  // A person has one such batch. A board has hundreds, and would keep as many keys.
  const key = topic === "presence" ? keyOf(name) : undefined;
  const batch = { ...name, key, first, end, previous, head: headOf(name, first, previous, entries), bytes };
  batchByBytes.set(bytes, batch);
  return ok(batch);
};

const isWord = (entry: Uint8Array): boolean => decodeEntry(entry)?.type === "profile";

export const entriesOf = (batch: Batch): readonly Uint8Array[] =>
  (decodeCbor(batch.bytes) as Uint8Array[][])[ENTRIES_FIELD]!;

/** The author's signature over `headText(batch.head)`; it is the end of the frame. */
export const signatureOf = ({ bytes }: Batch): Uint8Array => bytes.subarray(bytes.length - SIGNATURE_BYTES);

/** The bytes that the author signs for a batch that ends in the entry with this hash. */
export const headText = (head: EntryHash): Uint8Array => concatBytes(HEAD_LABEL, hexToBytes(head));

/** The hash before entry `at`, according to the batch; `at` lies between its first and its end. */
export const hashBefore = (batch: Batch, at: number): EntryHash =>
  at === batch.end
    ? batch.head
    : headOf(batch, batch.first, batch.previous, entriesOf(batch).slice(0, at - batch.first));

/** The hash of the last of these entries. */
export const headOf = (
  { author, epoch, topic }: FeedName,
  first: number,
  previous: EntryHash,
  entries: readonly Uint8Array[],
): EntryHash => {
  if (entries.length === 0) return previous;
  // One buffer for all: feed, number and hash before it stand in front of each entry.
  const bytes = new Uint8Array(PREFIX_BYTES + Math.max(...entries.map(({ length }) => length)));
  const numbers = viewOf(bytes);
  const feed = concatBytes(FEED_LABEL, hexToBytes(author), u64(epoch), Uint8Array.of(TOPICS.indexOf(topic)));
  bytes.set(sha256(feed));
  bytes.set(hexToBytes(previous), PREVIOUS_AT);
  for (const [i, entry] of entries.entries()) {
    setU64(numbers, NUMBER_AT, first + i);
    bytes.set(entry, PREFIX_BYTES);
    bytes.set(sha256(bytes.subarray(0, PREFIX_BYTES + entry.length)), PREVIOUS_AT);
  }
  return bytesToHex(bytes.subarray(PREVIOUS_AT, PREFIX_BYTES)) as EntryHash;
};

/** Cuts the entries of an author's feed into batches: a library as few as fit, posts and profiles one by one. */
export const cutIntoBatches = (topic: Topic, entries: readonly Uint8Array[]): Uint8Array[][] => {
  const batches: Uint8Array[][] = [];
  let bytesLeft = 0;
  for (const entry of entries) {
    const bytes = entry.length + ENTRY_HEAD_BYTES;
    const batch = batches.at(-1);
    if (batch && batch.length < mostEntriesOf(topic) && bytes <= bytesLeft) batch.push(entry);
    else {
      batches.push([entry]);
      bytesLeft = MAX_BATCH_BYTES - FRAME_BYTES;
    }
    bytesLeft -= bytes;
  }
  return batches;
};

/** Boards are kept up to a number of entries. If several shared a batch, peers with other batches would keep others. */
const mostEntriesOf = (topic: Topic): number => (topic === "library" ? MAX_BATCH_ENTRIES : 1);

/** CBOR's head of an entry, and of everything else in a frame: names, hashes, the signature. */
const ENTRY_HEAD_BYTES = 3;
const FRAME_BYTES = 200;

const FEED_LABEL = utf8ToBytes("swapmeet feed v1");
const HEAD_LABEL = utf8ToBytes("swapmeet feed head v1");
const NUMBER_AT = HASH_BYTES;
const PREVIOUS_AT = NUMBER_AT + 8;
const PREFIX_BYTES = PREVIOUS_AT + HASH_BYTES;

const u64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  setU64(viewOf(bytes), 0, value);
  return bytes;
};
const setU64 = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value % 2 ** 32);
};

const isBytes = (field: unknown, length: number): field is Uint8Array =>
  field instanceof Uint8Array && field.length === length;
const isCount = (field: unknown): field is number => Number.isSafeInteger(field) && (field as number) >= 0;
const isEntries = (field: unknown): field is readonly Uint8Array[] =>
  Array.isArray(field) && field.length > 0 && field.every((e) => e instanceof Uint8Array && e.length > 0);
