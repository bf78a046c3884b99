/**
 * Frames as bytes. PROTOCOL.md, rules W1 to W8.
 *
 * A block is the byte 0x00, its request's id (u32, big endian) and raw bytes; every other frame is a CBOR array
 * [code, ...fields], RFC 8949, definite lengths only. There are no maps, so no key can be `__proto__`.
 */
import { encode } from "cborg";
import * as v from "valibot";
import { ADDRESS_BYTES, fail, MAX_ENVELOPE_BYTES, ok, type Address, type Result } from "@swapmeet/shared";
import {
  FileIdFromWire,
  HASH_BYTES,
  MAX_FILE_BYTES,
  lengthOf,
  rootOf,
  type FileId,
} from "../names/file-id.ts";
import { decodeBatch, isBatch, MAX_BATCH_BYTES, type Batch, type FeedName } from "../feed/batch.ts";
import { TOPICS } from "../feed/entry.ts";
import { PeerIdFromWire, SIGNATURE_BYTES } from "../names/peer-id.ts";
import { bytesToHex, concatBytes, hexToBytes, viewOf } from "../base/bytes.ts";
import { decodeCbor } from "../base/cbor.ts";
import type { Refusal } from "../names/refusal.ts";
import {
  MAX_FRAME_BYTES,
  BLOCK_HEADER_BYTES,
  MAX_HASHES_PER_FRAME,
  MAX_HAVE_PIECES,
  MAX_HEADS_PER_FRAME,
  FINE_SUMMARY_BUCKETS,
  SUMMARY_BUCKETS,
  SUMMARY_BUCKET_BYTES,
  MAX_SHUFFLE_CONTACTS,
  MAX_HOPS,
  MAX_RELAYED_BYTES,
  MAX_MESSAGE_BOX_BYTES,
  MAX_OFFER_FILES,
} from "./frame.ts";
import type { BatchFrame, BlockFrame, Contact, Frame } from "./frame.ts";

const MARK_BYTES = 8;

const u32 = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffff_ffff));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const offset = v.pipe(count, v.maxValue(MAX_FILE_BYTES));
const bytes = (max: number, min = 0) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((b) => b.length >= min && b.length <= max),
  );
const hashes = v.pipe(
  bytes(MAX_HASHES_PER_FRAME * HASH_BYTES, HASH_BYTES),
  v.check((b) => b.length % HASH_BYTES === 0),
);
const signature = bytes(SIGNATURE_BYTES, SIGNATURE_BYTES);
export const AddressFromWire = v.pipe(
  bytes(ADDRESS_BYTES, ADDRESS_BYTES),
  v.transform((address) => bytesToHex(address) as Address),
);
const contacts = v.pipe(
  v.array(
    v.pipe(
      v.strictTuple([PeerIdFromWire, AddressFromWire]),
      v.transform(([peer, address]): Contact => ({ peer, address })),
    ),
  ),
  v.maxLength(MAX_SHUFFLE_CONTACTS),
);
const hops = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_HOPS));
const sums = v.pipe(
  v.instance(Uint8Array),
  v.check((b) =>
    [SUMMARY_BUCKETS, FINE_SUMMARY_BUCKETS].some((buckets) => b.length === buckets * SUMMARY_BUCKET_BYTES),
  ),
);
const topic = v.pipe(
  v.picklist([0, 1, 2]),
  v.transform((number) => TOPICS[number]!),
);
const mark = v.pipe(
  bytes(MARK_BYTES, MARK_BYTES),
  v.transform((b) => bytesToHex(b)),
);
const batch = v.pipe(
  bytes(MAX_BATCH_BYTES),
  v.transform((b) => (isBatch(b) ? decodeBatch(concatBytes(b)) : null)),
  v.check((b) => b?.ok === true),
  v.transform((b) => (b as { value: Batch }).value),
);
const REJECT_REASONS = ["not-here", "cancelled", "busy", "changed", "vanished", "elsewhere"] as const;

const FETCH_ENDS = ["paused", "cancelled", "delivered"] as const;

/** For each type of frame its code and the schema of its fields. A code never gets a new meaning. */
const BODIES = {
  1: v.pipe(
    v.strictTuple([PeerIdFromWire, signature]),
    v.transform(([peer, signature]): Frame => ({ type: "prove", peer, signature })),
  ),
  5: v.pipe(
    v.strictTuple([
      v.boolean(),
      v.pipe(
        v.array(v.strictTuple([PeerIdFromWire, count, topic, count, count, mark])),
        v.maxLength(MAX_HEADS_PER_FRAME),
      ),
    ]),
    v.transform(([areNews, heads]): Frame => ({
      type: "heads",
      areNews,
      heads: heads.map(([author, epoch, topic, base, length, mark]) => ({
        author,
        epoch,
        topic,
        base,
        length,
        mark,
      })),
    })),
  ),
  6: v.pipe(
    v.strictTuple([
      u32,
      v.pipe(
        v.array(v.strictTuple([PeerIdFromWire, count, topic, count, v.pipe(v.number(), v.safeInteger())])),
        v.maxLength(MAX_HEADS_PER_FRAME),
      ),
    ]),
    v.transform(([id, wants]): Frame => ({
      type: "wants",
      id,
      wants: wants.map(([author, epoch, topic, from, batches]) => ({ author, epoch, topic, from, batches })),
    })),
  ),
  8: v.pipe(
    v.strictTuple([sums, v.boolean()]),
    v.transform(([sums, isAnswer]): Frame => ({ type: "summary", sums, isAnswer })),
  ),
  9: v.pipe(
    v.strictTuple([v.boolean()]),
    v.transform(([eager]): Frame => ({ type: "eager", eager })),
  ),
  21: v.pipe(
    v.strictTuple([batch, batch]),
    v.transform((batches): Frame => ({ type: "fork", batches })),
  ),
  22: v.pipe(
    v.strictTuple([u32, u32]),
    v.transform(([id, count]): Frame => ({ type: "answered", id, count })),
  ),
  10: v.pipe(
    v.strictTuple([FileIdFromWire, v.boolean()]),
    v.transform(([file, wanted]): Frame => ({ type: "interest", file, wanted })),
  ),
  11: v.pipe(
    v.strictTuple([FileIdFromWire, bytes(MAX_FRAME_BYTES)]),
    v.transform(([file, bits]): Frame => ({ type: "bitfield", file, bits })),
  ),
  12: v.pipe(
    v.strictTuple([FileIdFromWire, v.pipe(v.array(u32), v.minLength(1), v.maxLength(MAX_HAVE_PIECES))]),
    v.transform(([file, pieces]): Frame => ({ type: "have", file, pieces })),
  ),
  13: v.pipe(
    v.strictTuple([FileIdFromWire, u32]),
    v.transform(([file, first]): Frame => ({ type: "layer-request", file, first })),
  ),
  14: v.pipe(
    v.strictTuple([FileIdFromWire, u32, hashes]),
    v.transform(([file, first, hashes]): Frame => ({ type: "layer", file, first, hashes })),
  ),
  15: v.pipe(
    v.strictTuple([FileIdFromWire, u32]),
    v.transform(([file, piece]): Frame => ({ type: "leaves-request", file, piece })),
  ),
  16: v.pipe(
    v.strictTuple([FileIdFromWire, u32, hashes]),
    v.transform(([file, piece, hashes]): Frame => ({ type: "leaves", file, piece, hashes })),
  ),
  17: v.pipe(
    v.strictTuple([u32, FileIdFromWire, offset, v.pipe(offset, v.minValue(1))]),
    v.transform(([id, file, begin, length]): Frame => ({ type: "request", id, file, begin, length })),
  ),
  18: v.pipe(
    v.strictTuple([u32]),
    v.transform(([id]): Frame => ({ type: "cancel", id })),
  ),
  19: v.pipe(
    v.strictTuple([u32, v.picklist([0, 1, 2, 3, 4, 5])]),
    v.transform(([id, reason]): Frame => ({ type: "reject", id, reason: REJECT_REASONS[reason] })),
  ),
  20: v.pipe(
    v.strictTuple([u32]),
    v.transform(([position]): Frame => ({ type: "queue", position })),
  ),
  23: v.pipe(
    v.strictTuple([FileIdFromWire, v.picklist([0, 1, 2])]),
    v.transform(([file, how]): Frame => ({ type: "fetch-ended", file, how: FETCH_ENDS[how] })),
  ),
  24: v.pipe(
    v.strictTuple([FileIdFromWire, v.boolean()]),
    v.transform(([file, withheld]): Frame => ({ type: "withheld", file, withheld })),
  ),
  30: v.pipe(
    v.strictTuple([
      u32,
      v.pipe(
        v.array(v.strictTuple([FileIdFromWire, v.pipe(v.string(), v.minLength(1), v.maxLength(255))])),
        v.minLength(1),
        v.maxLength(MAX_OFFER_FILES),
      ),
    ]),
    v.transform(([id, files]): Frame => ({
      type: "offer",
      id,
      files: files.map(([file, name]) => ({ file, name })),
    })),
  ),
  31: v.pipe(
    v.strictTuple([u32, v.boolean()]),
    v.transform(([id, accepted]): Frame => ({ type: "offer-answer", id, accepted })),
  ),
  50: v.pipe(
    v.strictTuple([v.boolean()]),
    v.transform(([urgent]): Frame => ({ type: "neighbor", urgent })),
  ),
  51: v.pipe(
    v.strictTuple([v.boolean()]),
    v.transform(([accepted]): Frame => ({ type: "neighbor-answer", accepted })),
  ),
  52: v.pipe(
    v.strictTuple([]),
    v.transform((): Frame => ({ type: "disconnect" })),
  ),
  53: v.pipe(
    v.strictTuple([contacts, hops]),
    v.transform(([contacts, hops]): Frame => ({ type: "shuffle", contacts, hops })),
  ),
  54: v.pipe(
    v.strictTuple([contacts]),
    v.transform(([contacts]): Frame => ({ type: "shuffle-reply", contacts })),
  ),
  55: v.pipe(
    v.strictTuple([PeerIdFromWire, count, count]),
    v.transform(([author, epoch, seq]): Frame => ({ type: "suspect", author, epoch, seq })),
  ),
  60: v.pipe(
    v.strictTuple([AddressFromWire, AddressFromWire, hops, bytes(MAX_ENVELOPE_BYTES, 1)]),
    v.transform(([from, to, hops, bytes]): Frame => ({ type: "introduce", from, to, hops, bytes })),
  ),
  61: v.pipe(
    v.strictTuple([AddressFromWire, AddressFromWire, bytes(MAX_RELAYED_BYTES, 1)]),
    v.transform(([from, to, bytes]): Frame => ({ type: "relay", from, to, bytes })),
  ),
  70: v.pipe(
    v.strictTuple([u32, bytes(MAX_MESSAGE_BOX_BYTES, 1)]),
    v.transform(([id, box]): Frame => ({ type: "message", id, box })),
  ),
  71: v.pipe(
    v.strictTuple([u32]),
    v.transform(([id]): Frame => ({ type: "message-received", id })),
  ),
  40: v.pipe(
    v.strictTuple([u32]),
    v.transform(([nonce]): Frame => ({ type: "ping", nonce })),
  ),
  41: v.pipe(
    v.strictTuple([u32]),
    v.transform(([nonce]): Frame => ({ type: "pong", nonce })),
  ),
} as const;

const contactsToWire = (contacts: readonly Contact[]): [Uint8Array, Uint8Array][] =>
  contacts.map(({ peer, address }) => [hexToBytes(peer), hexToBytes(address)]);
const nameToWire = ({ author, epoch, topic }: FeedName): [Uint8Array, number, number] => [
  hexToBytes(author),
  epoch,
  TOPICS.indexOf(topic),
];
const fileToWire = (file: FileId): [Uint8Array, number] => [rootOf(file), lengthOf(file)];

const fieldsOf = (
  frame: Exclude<Frame, BlockFrame | BatchFrame>,
): readonly [keyof typeof BODIES, ...unknown[]] => {
  switch (frame.type) {
    case "prove":
      return [1, hexToBytes(frame.peer), frame.signature];
    case "heads":
      return [
        5,
        frame.areNews,
        frame.heads.map((h) => [...nameToWire(h), h.base, h.length, hexToBytes(h.mark)]),
      ];
    case "wants":
      return [6, frame.id, frame.wants.map((w) => [...nameToWire(w), w.from, w.batches])];
    case "answered":
      return [22, frame.id, frame.count];
    case "summary":
      return [8, frame.sums, frame.isAnswer];
    case "eager":
      return [9, frame.eager];
    case "fork":
      return [21, ...frame.batches.map((b) => b.bytes)];
    case "interest":
      return [10, fileToWire(frame.file), frame.wanted];
    case "bitfield":
      return [11, fileToWire(frame.file), frame.bits];
    case "have":
      return [12, fileToWire(frame.file), frame.pieces];
    case "layer-request":
      return [13, fileToWire(frame.file), frame.first];
    case "layer":
      return [14, fileToWire(frame.file), frame.first, frame.hashes];
    case "leaves-request":
      return [15, fileToWire(frame.file), frame.piece];
    case "leaves":
      return [16, fileToWire(frame.file), frame.piece, frame.hashes];
    case "request":
      return [17, frame.id, fileToWire(frame.file), frame.begin, frame.length];
    case "cancel":
      return [18, frame.id];
    case "reject":
      return [19, frame.id, REJECT_REASONS.indexOf(frame.reason)];
    case "queue":
      return [20, frame.position];
    case "fetch-ended":
      return [23, fileToWire(frame.file), FETCH_ENDS.indexOf(frame.how)];
    case "withheld":
      return [24, fileToWire(frame.file), frame.withheld];
    case "offer":
      return [30, frame.id, frame.files.map((f) => [fileToWire(f.file), f.name])];
    case "offer-answer":
      return [31, frame.id, frame.accepted];
    case "neighbor":
      return [50, frame.urgent];
    case "neighbor-answer":
      return [51, frame.accepted];
    case "disconnect":
      return [52];
    case "shuffle":
      return [53, contactsToWire(frame.contacts), frame.hops];
    case "shuffle-reply":
      return [54, contactsToWire(frame.contacts)];
    case "suspect":
      return [55, hexToBytes(frame.author), frame.epoch, frame.seq];
    case "introduce":
      return [60, hexToBytes(frame.from), hexToBytes(frame.to), frame.hops, frame.bytes];
    case "relay":
      return [61, hexToBytes(frame.from), hexToBytes(frame.to), frame.bytes];
    case "message":
      return [70, frame.id, frame.box];
    case "message-received":
      return [71, frame.id];
    case "ping":
      return [40, frame.nonce];
    case "pong":
      return [41, frame.nonce];
  }
};

/** @throws RangeError when the frame would be over MAX_FRAME_BYTES: that is a bug of the caller, never of a peer. */
export const encodeFrame = (frame: Frame): Uint8Array => {
  if (frame.type === "batch") return frame.batch.bytes;
  const bytes = frame.type === "block" ? encodeBlock(frame.id, frame.bytes) : encode(fieldsOf(frame));
  if (bytes.length > MAX_FRAME_BYTES) throw new RangeError(`${frame.type} frame of ${bytes.length} bytes`);
  return bytes;
};

export const encodeBlock = (id: number, bytes: Uint8Array): Uint8Array =>
  writeBlock(new Uint8Array(BLOCK_HEADER_BYTES + bytes.length), id, bytes);

/** A block's frame, written to the front of `into`: the sender's hot path allocates nothing. */
export const writeBlock = <Buffer extends ArrayBufferLike>(
  into: Uint8Array<Buffer>,
  id: number,
  bytes: Uint8Array,
): Uint8Array<Buffer> => {
  into[0] = 0;
  viewOf(into).setUint32(1, id);
  into.set(bytes, BLOCK_HEADER_BYTES);
  return into.subarray(0, BLOCK_HEADER_BYTES + bytes.length);
};

/** The one place where bytes of a peer become a frame. A block's bytes are a view on the input, not a copy. [W2] */
export const decodeFrame = (bytes: Uint8Array): Result<Frame, Refusal> => {
  if (bytes.length > MAX_FRAME_BYTES) return fail("oversize-frame");
  if (bytes[0] === 0) {
    if (bytes.length <= BLOCK_HEADER_BYTES) return fail("malformed-frame");
    const id = viewOf(bytes).getUint32(1);
    return ok({ type: "block", id, bytes: bytes.subarray(BLOCK_HEADER_BYTES) });
  }
  if (isBatch(bytes)) {
    const batch = decodeBatch(bytes);
    return batch.ok ? ok({ type: "batch", batch: batch.value }) : batch;
  }
  const decoded = decodeCbor(bytes);
  if (!Array.isArray(decoded) || typeof decoded[0] !== "number") return fail("malformed-frame");
  const [code, ...fields] = decoded as [number, ...unknown[]];
  if (!Object.hasOwn(BODIES, code)) return fail("unknown-frame");
  const parsed = v.safeParse(BODIES[code as keyof typeof BODIES], fields);
  return parsed.success ? ok(parsed.output) : fail("malformed-frame");
};
