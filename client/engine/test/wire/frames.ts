/** Arbitrary frames, for properties. */
import fc from "fast-check";
import { ADDRESS_BYTES, type Address } from "@swapmeet/shared";
import { decodeBatch, encodeBatch, NO_ENTRY, type Batch, type EntryHash } from "../../src/feed/batch.ts";
import { bytesToHex } from "../../src/base/bytes.ts";
import { encodeEntry, TOPICS, type Topic } from "../../src/feed/entry.ts";
import { fileIdOf, HASH_BYTES, MAX_FILE_BYTES } from "../../src/names/file-id.ts";
import {
  MAX_HOPS,
  FINE_SUMMARY_BUCKETS,
  MAX_SHUFFLE_CONTACTS,
  SUMMARY_BUCKETS,
  SUMMARY_BUCKET_BYTES,
  type Frame,
} from "../../src/wire/frame.ts";
import { peerIdOf, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "../../src/names/peer-id.ts";

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const count = fc.maxSafeNat();
const peer = bytes(PUBLIC_KEY_BYTES).map(peerIdOf);
const signature = bytes(SIGNATURE_BYTES);
const file = fc
  .tuple(bytes(HASH_BYTES), fc.integer({ min: 0, max: MAX_FILE_BYTES }))
  .map(([r, l]) => fileIdOf(r, l));
const hashes = fc.integer({ min: 1, max: 20 }).chain((n) => bytes(n * HASH_BYTES));
const name = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
const of = <Type extends Frame["type"], Fields>(
  type: Type,
  fields: { [K in keyof Fields]: fc.Arbitrary<Fields[K]> },
) => fc.record(fields).map((rest) => ({ type, ...rest }) as unknown as Frame);

const address = bytes(ADDRESS_BYTES).map((b) => bytesToHex(b) as Address);
const contacts = fc.array(fc.record({ peer, address }), { maxLength: MAX_SHUFFLE_CONTACTS });
const hops = fc.integer({ min: 0, max: MAX_HOPS });

const topic = fc.constantFrom(...TOPICS);
const feed = { author: peer, epoch: count, topic };
const mark = bytes(8).map((b) => bytesToHex(b));
const entries = fc.array(bytes(1, 60), { minLength: 1, maxLength: 5 });
const word = fc
  .record({ name: fc.string({ maxLength: 40 }), address, state: fc.constantFrom("here", "away", "left") })
  .map((said) => encodeEntry({ type: "profile", ...said }));
const entriesOf = (topic: Topic, entries: Uint8Array[], word: Uint8Array): Uint8Array[] =>
  topic === "presence" ? [word] : topic === "library" ? entries : entries.slice(0, 1);
export const anyBatch = fc
  .record({ ...feed, first: fc.nat(), previous: bytes(HASH_BYTES), entries, word, signature })
  .map(({ first, previous, entries, word, signature, ...name }): Batch => {
    const before = first === 0 ? NO_ENTRY : (bytesToHex(previous) as EntryHash);
    const batch = encodeBatch(name, first, before, entriesOf(name.topic, entries, word), signature);
    const decoded = decodeBatch(batch);
    if (!decoded.ok) throw new Error(decoded.problem);
    return decoded.value;
  });

export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  of("prove", { peer, signature }),
  of("heads", {
    areNews: fc.boolean(),
    heads: fc.array(fc.record({ ...feed, base: count, length: count, mark }), { maxLength: 5 }),
  }),
  of("wants", {
    id: u32,
    wants: fc.array(fc.record({ ...feed, from: count, batches: fc.maxSafeInteger() }), { maxLength: 5 }),
  }),
  of("answered", { id: u32, count: u32 }),
  of("batch", { batch: anyBatch }),
  of("summary", {
    sums: fc.oneof(
      bytes(SUMMARY_BUCKETS * SUMMARY_BUCKET_BYTES),
      bytes(FINE_SUMMARY_BUCKETS * SUMMARY_BUCKET_BYTES),
    ),
    isAnswer: fc.boolean(),
  }),
  of("eager", { eager: fc.boolean() }),
  of("fork", { batches: fc.tuple(anyBatch, anyBatch) }),
  of("interest", { file, wanted: fc.boolean() }),
  of("bitfield", { file, bits: bytes(0, 50) }),
  of("have", { file, pieces: fc.array(u32, { minLength: 1, maxLength: 9 }) }),
  of("layer-request", { file, first: u32 }),
  of("layer", { file, first: u32, hashes }),
  of("leaves-request", { file, piece: u32 }),
  of("leaves", { file, piece: u32, hashes }),
  of("request", {
    id: u32,
    file,
    begin: fc.integer({ min: 0, max: MAX_FILE_BYTES }),
    length: fc.integer({ min: 1, max: MAX_FILE_BYTES }),
  }),
  of("cancel", { id: u32 }),
  of("reject", { id: u32, reason: fc.constantFrom("not-here", "cancelled", "busy", "changed", "vanished") }),
  of("queue", { position: u32 }),
  of("fetch-ended", { file, how: fc.constantFrom("paused", "cancelled", "delivered") }),
  of("withheld", { file, withheld: fc.boolean() }),
  of("block", { id: u32, bytes: bytes(1, 200) }),
  of("offer", { id: u32, files: fc.array(fc.record({ file, name }), { minLength: 1, maxLength: 4 }) }),
  of("offer-answer", { id: u32, accepted: fc.boolean() }),
  of("neighbor", { urgent: fc.boolean() }),
  of("neighbor-answer", { accepted: fc.boolean() }),
  of("disconnect", {}),
  of("shuffle", { contacts, hops }),
  of("shuffle-reply", { contacts }),
  of("suspect", { author: peer, epoch: count, seq: count }),
  of("introduce", { from: address, to: address, hops, bytes: bytes(1, 90) }),
  of("relay", { from: address, to: address, bytes: bytes(1, 90) }),
  of("message", { id: u32, box: bytes(1, 90) }),
  of("message-received", { id: u32 }),
  of("ping", { nonce: u32 }),
  of("pong", { nonce: u32 }),
);
