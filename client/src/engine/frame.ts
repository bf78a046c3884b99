/**
 * What peers say to each other over a data channel, and its bytes. PROTOCOL.md, rules W1 to W9.
 *
 * A frame is at most 65,536 bytes: Safari's data channel takes no more. A block is the byte 0x00, its request's id
 * (u32, big endian) and raw bytes; every other frame is a CBOR array [code, ...fields], RFC 8949, definite lengths
 * only. No maps at all: a key can't be `__proto__` where there are no keys.
 */
import { encode } from "cborg";
import * as v from "valibot";
import { ADDRESS_BYTES, fail, MAX_ENVELOPE_BYTES, ok, type Address, type Result } from "@swapmeet/shared";
import { FileIdFromWire, HASH_BYTES, MAX_FILE_BYTES, lengthOf, rootOf, type FileId } from "./file-id.ts";
import { decodeBatch, isBatch, MAX_BATCH_BYTES, type Batch, type FeedName } from "./batch.ts";
import { TOPICS } from "./entry.ts";
import type { Head } from "./feed.ts";
import { PeerIdFromWire, SIGNATURE_BYTES, type PeerId } from "./peer-id.ts";
import { bytesToHex, concatBytes, hexToBytes } from "./bytes.ts";
import { decodeCbor } from "./cbor.ts";
import type { Refusal } from "./refusal.ts";

export const MAX_FRAME_BYTES = 65_536;
/** Code and request id in front of a block's bytes. */
const BLOCK_HEADER_BYTES = 5;
export const MAX_BLOCK_BYTES = MAX_FRAME_BYTES - BLOCK_HEADER_BYTES;
/** Hashes in one layer frame: 64,000 bytes, the rest for the envelope of CBOR. */
export const MAX_HASHES_PER_FRAME = 2000;
/** Piece numbers in one `have`: announcements are batched, and a number takes up to 5 bytes. Guess. */
export const MAX_HAVE_PIECES = 4096;
/** Feeds in one frame of heads or wants, up to 72 bytes each; more go into further frames. */
export const MAX_HEADS_PER_FRAME = 800;
const MARK_BYTES = 8;
/** Summaries tell differences by bucket of authors: about as many as a large room has news at one time. Guess. */
export const SUMMARY_BUCKETS = 64;
export const SUMMARY_BYTES = SUMMARY_BUCKETS * 8;
/** Contacts in one shuffle: a few of each view (HyParView: 3 active, 4 passive, and oneself). */
export const MAX_SHUFFLE_CONTACTS = 8;
/** Steps of a shuffle's walk, and of an introduction through peers: the diameter of a room of thousands, twice. Guess. */
export const MAX_HOPS = 16;
/** A sealed frame inside a relayed one: addresses, tag and change still fit. */
export const MAX_RELAYED_BYTES = MAX_FRAME_BYTES - 128;
/** A direct message's text, sealed. */
export const MAX_MESSAGE_BOX_BYTES = 16_384;
/** Files in one offer ("Send to NAME"). */
export const MAX_OFFER_FILES = 200;

/** Proof of identity, over both DTLS fingerprints and both ids: the first frame in each direction. [P1] */
export interface ProveFrame {
  readonly type: "prove";
  readonly peer: PeerId;
  readonly signature: Uint8Array;
}

/** How far the sender knows some feeds. [E10] */
export interface HeadsFrame {
  readonly type: "heads";
  /** New in the room: an eager link may bring them to the receiver as well. */
  readonly areNews: boolean;
  readonly heads: readonly Head[];
}
/** Asks for batches of feeds, in this order. Answered by them, and by `answered`. [E11] */
export interface WantsFrame {
  readonly type: "wants";
  readonly id: number;
  readonly wants: readonly Want[];
}
/** So many batches, from the one with entry `from` on; if negative, from the one with the entry before it backwards. */
export interface Want extends FeedName {
  readonly from: number;
  readonly batches: number;
}
/** The answer ends: the first `count` wants have got everything; the rest may be asked for again. */
export interface AnsweredFrame {
  readonly type: "answered";
  readonly id: number;
  readonly count: number;
}
export interface BatchFrame {
  readonly type: "batch";
  readonly batch: Batch;
}
/** What the sender knows, by bucket of authors. `isAnswer`: the receiver's own is not asked for. [E10] */
export interface SummaryFrame {
  readonly type: "summary";
  readonly sums: Uint8Array;
  readonly isAnswer: boolean;
}
/** "Send me news at once", or a notice will do. [E12] */
export interface EagerFrame {
  readonly type: "eager";
  readonly eager: boolean;
}
/** The proof that an author said two things of one place. [E9] */
export interface ForkFrame {
  readonly type: "fork";
  readonly batches: readonly [Batch, Batch];
}

/** "Tell me what you hold of this file, and go on telling me", or no longer. */
export interface InterestFrame {
  readonly type: "interest";
  readonly file: FileId;
  readonly wanted: boolean;
}
/** The answer to interest: bit i (most significant first, BEP 3) says piece i is held. Empty: nothing. */
export interface BitfieldFrame {
  readonly type: "bitfield";
  readonly file: FileId;
  readonly bits: Uint8Array;
}
/** Pieces gained since, batched. */
export interface HaveFrame {
  readonly type: "have";
  readonly file: FileId;
  readonly pieces: readonly number[];
}
/** Asks for the piece layer from hash `first` on; the answer holds up to MAX_HASHES_PER_FRAME hashes. */
export interface LayerRequestFrame {
  readonly type: "layer-request";
  readonly file: FileId;
  readonly first: number;
}
export interface LayerFrame {
  readonly type: "layer";
  readonly file: FileId;
  readonly first: number;
  /** Hashes of 32 bytes, joined. */
  readonly hashes: Uint8Array;
}
/** Asks for the hashes of the 16 KiB leaves of one piece, to find who sent the bad block. */
export interface LeavesRequestFrame {
  readonly type: "leaves-request";
  readonly file: FileId;
  readonly piece: number;
}
export interface LeavesFrame {
  readonly type: "leaves";
  readonly file: FileId;
  readonly piece: number;
  readonly hashes: Uint8Array;
}
/**
 * Asks for `length` bytes at `begin`, within one piece. The id is the asker's, never used twice on a link.
 * Every request ends in one of: all its bytes, as blocks in order; or a reject. (BEP 6: one response a request.) [S2]
 */
export interface RequestFrame {
  readonly type: "request";
  readonly id: number;
  readonly file: FileId;
  readonly begin: number;
  readonly length: number;
}
/** No longer wanted. The answer is still one: the rest of the bytes if already under way, or a reject. */
export interface CancelFrame {
  readonly type: "cancel";
  readonly id: number;
}
export interface RejectFrame {
  readonly type: "reject";
  readonly id: number;
  readonly reason: RejectReason;
}
/** "elsewhere": others are getting this piece from here; ask them, or ask again. [S15] */
export type RejectReason = "not-here" | "cancelled" | "busy" | "changed" | "vanished" | "elsewhere";
/** The asker's place in the upload queue for this peer, 1 is next; 0: being served. */
export interface QueueFrame {
  readonly type: "queue";
  readonly position: number;
}
/** The next bytes of a request, in order. */
export interface BlockFrame {
  readonly type: "block";
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** "These are for you": files of the sender's library; the receiver decides. */
export interface OfferFrame {
  readonly type: "offer";
  readonly id: number;
  readonly files: readonly OfferedFile[];
}
export interface OfferedFile {
  readonly file: FileId;
  readonly name: string;
}
export interface OfferAnswerFrame {
  readonly type: "offer-answer";
  readonly id: number;
  readonly accepted: boolean;
}

/** A peer and where the server delivers its envelopes: enough to call it. */
export interface Contact {
  readonly peer: PeerId;
  readonly address: Address;
}
/** Asks to be in each other's active view. `urgent`: the asker has no other neighbour (HyParView's high priority). */
export interface NeighborFrame {
  readonly type: "neighbor";
  readonly urgent: boolean;
}
export interface NeighborAnswerFrame {
  readonly type: "neighbor-answer";
  readonly accepted: boolean;
}
/** No longer in each other's active views. The link may stay, for transfers. */
export interface DisconnectFrame {
  readonly type: "disconnect";
}
/** A random walk of `hops` more steps that carries some of the origin's views; its end answers who handed it over. [O5] */
export interface ShuffleFrame {
  readonly type: "shuffle";
  readonly contacts: readonly Contact[];
  readonly hops: number;
}
export interface ShuffleReplyFrame {
  readonly type: "shuffle-reply";
  readonly contacts: readonly Contact[];
}
/** "I lost my link to this one, whose last word I know is number `seq`": it answers with a newer word, or is gone. */
export interface SuspectFrame {
  readonly type: "suspect";
  readonly author: PeerId;
  readonly epoch: number;
  readonly seq: number;
}

/** A sealed envelope on its way through peers, because the server is away. */
export interface IntroduceFrame {
  readonly type: "introduce";
  readonly from: Address;
  readonly to: Address;
  /** Steps that it may still go. */
  readonly hops: number;
  readonly bytes: Uint8Array;
}
/** A sealed frame between two peers that have no channel, carried by a neighbour of both. */
export interface RelayFrame {
  readonly type: "relay";
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** A direct message, sealed to the key of the one it is for. */
export interface MessageFrame {
  readonly type: "message";
  readonly id: number;
  readonly box: Uint8Array;
}
export interface MessageReceivedFrame {
  readonly type: "message-received";
  readonly id: number;
}

export interface PingFrame {
  readonly type: "ping";
  readonly nonce: number;
}
export interface PongFrame {
  readonly type: "pong";
  readonly nonce: number;
}

export type GossipFrame =
  HeadsFrame | WantsFrame | AnsweredFrame | BatchFrame | SummaryFrame | EagerFrame | ForkFrame;
export type SwarmFrame =
  | InterestFrame
  | BitfieldFrame
  | HaveFrame
  | LayerRequestFrame
  | LayerFrame
  | LeavesRequestFrame
  | LeavesFrame
  | RequestFrame
  | CancelFrame
  | RejectFrame
  | QueueFrame
  | BlockFrame;
export type OverlayFrame =
  NeighborFrame | NeighborAnswerFrame | DisconnectFrame | ShuffleFrame | ShuffleReplyFrame;
export type CarriedFrame = IntroduceFrame | RelayFrame;
export type DirectMessageFrame = MessageFrame | MessageReceivedFrame;
export type Frame =
  | ProveFrame
  | GossipFrame
  | SwarmFrame
  | OfferFrame
  | OfferAnswerFrame
  | OverlayFrame
  | SuspectFrame
  | CarriedFrame
  | DirectMessageFrame
  | PingFrame
  | PongFrame;

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

/** One row a frame: its code, the schema of its fields, and both directions. Codes are never given a new meaning. */
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
    v.strictTuple([bytes(SUMMARY_BYTES, SUMMARY_BYTES), v.boolean()]),
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
  new DataView(into.buffer).setUint32(1, id);
  into.set(bytes, BLOCK_HEADER_BYTES);
  return into.subarray(0, BLOCK_HEADER_BYTES + bytes.length);
};

/** The one place where bytes of a peer become a frame. A block's bytes are a view on the input, not a copy. [W2] */
export const decodeFrame = (bytes: Uint8Array): Result<Frame, Refusal> => {
  if (bytes.length > MAX_FRAME_BYTES) return fail("oversize-frame");
  if (bytes[0] === 0) {
    if (bytes.length <= BLOCK_HEADER_BYTES) return fail("malformed-frame");
    const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
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
