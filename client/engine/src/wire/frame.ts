/**
 * The frames that peers send each other over a data channel. Their bytes are in `frame-codec.ts`. PROTOCOL.md, rules W1
 * to W8.
 *
 * A frame is at most 65,536 bytes: Safari's data channel takes no more.
 */
import type { Address } from "@swapmeet/shared";
import type { Batch, FeedName } from "../feed/batch.ts";
import type { Head } from "../feed/feed.ts";
import type { FileId } from "../names/file-id.ts";
import type { PeerId } from "../names/peer-id.ts";

export const MAX_FRAME_BYTES = 65_536;
/** Code and request id in front of a block's bytes. */
export const BLOCK_HEADER_BYTES = 5;
export const MAX_BLOCK_BYTES = MAX_FRAME_BYTES - BLOCK_HEADER_BYTES;
/** Hashes in one layer frame: 64,000 bytes; the rest of the frame is for the other fields. */
export const MAX_HASHES_PER_FRAME = 2000;
/** Piece numbers in one `have`: announcements are batched, and a number takes up to 5 bytes. Guess. */
export const MAX_HAVE_PIECES = 4096;
/** Feeds in one frame of heads or wants, up to 72 bytes each; more go into further frames. */
export const MAX_HEADS_PER_FRAME = 800;
/** Summaries tell differences by bucket of authors: about as many as a large room has news at one time. Guess. */
export const SUMMARY_BUCKETS = 64;
/** A finer summary has enough buckets to tell the people of the largest room apart. */
export const FINE_SUMMARY_BUCKETS = 1024;
export const SUMMARY_BUCKET_BYTES = 8;
/** Contacts in one shuffle: a few of each view (HyParView: 3 active, 4 passive, and the sender). */
export const MAX_SHUFFLE_CONTACTS = 8;
/** Steps of a shuffle's walk, and of an envelope through peers: twice the diameter of a room of thousands. Guess. */
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

/** Heads: from where to where the sender knows some feeds. [E10] */
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
/** Asks for `batches` batches from the one with entry `from` on; if negative, for those before it, backwards. */
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
/** A summary of all feeds that the sender knows. `isAnswer`: the receiver need not send its own. [E10] */
export interface SummaryFrame {
  readonly type: "summary";
  readonly sums: Uint8Array;
  readonly isAnswer: boolean;
}
/** "Send me news at once", or "a notice will do". [E12] */
export interface EagerFrame {
  readonly type: "eager";
  readonly eager: boolean;
}
/** The proof that an author signed two batches that contradict each other. [E9] */
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
/** Asks for the hashes of the 16 KiB leaves of one piece, to find the sender of a false one. */
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
 * Every request ends in one of: all its bytes, as blocks in order; or a reject. (One response, as in BEP 6.) [S2]
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
/** How the fetching of a file ended, for now or for good. It goes to all peers that were asked for its bytes. [S19] */
export interface FetchEndedFrame {
  readonly type: "fetch-ended";
  readonly file: FileId;
  readonly how: FetchEnd;
}
export type FetchEnd = "paused" | "cancelled" | "delivered";
/** A person stopped the sending of this file to the receiver, or allows it again. [S20] */
export interface WithheldFrame {
  readonly type: "withheld";
  readonly file: FileId;
  readonly withheld: boolean;
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
/** A random walk of `hops` more steps that carries some of the origin's views; its end answers. [O5] */
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
  | FetchEndedFrame
  | WithheldFrame
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
