/**
 * The interface of the engine: `handle(input, now) -> outputs`. Everything the peer learns comes in as an Input, and
 * all its wishes go out as Outputs; slow work (signing, hashing, storage) is an output answered by a later input.
 * The engine never waits, never reads a clock and makes no random numbers: time and random bytes are given to it.
 *
 * The engine decides which bytes go where, but does not touch them: blocks pass through it as references.
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import type { FileId } from "../names/file-id.ts";
import type { FileEntry, LibraryEntry } from "../names/library-entry.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { PostId } from "../names/post-id.ts";
import type { OfferedFile } from "../wire/frame.ts";

/** One attempt at a connection, numbered by the engine, never reused. Becomes the peer's link once proven. */
export type LinkId = number;
/** A message of simple-peer for the other side, as JSON text; the engine seals it and never reads it. */
export type Signal = string;

export type Input =
  // The signaling server
  | {
      readonly type: "server-joined";
      readonly tag: RoomTag;
      readonly address: Address;
      readonly members: readonly Address[];
    }
  | { readonly type: "server-lost" }
  | { readonly type: "envelope"; readonly from: Address; readonly bytes: Uint8Array }
  // Links (WebRTC)
  | { readonly type: "link-signal"; readonly link: LinkId; readonly signal: Signal }
  | {
      readonly type: "link-open";
      readonly link: LinkId;
      /** The DTLS certificate fingerprints (RFC 8122) of both ends, as in the SDP, sorted and joined. */
      readonly localFingerprint: string;
      readonly remoteFingerprint: string;
    }
  | { readonly type: "link-bytes"; readonly link: LinkId; readonly bytes: Uint8Array }
  /** The other side has named a place where it could be reached: an ICE candidate. */
  | { readonly type: "link-reachable"; readonly link: LinkId }
  /** The way that the connection takes; it may change. Until this comes it counts as direct. */
  | { readonly type: "link-route"; readonly link: LinkId; readonly route: Route }
  | { readonly type: "link-closed"; readonly link: LinkId; readonly reason: LinkEnd }
  /** A block that is to go over a link through a friend; the next one when "relay-took" has come. */
  | { readonly type: "relayed-frame"; readonly link: LinkId; readonly bytes: Uint8Array }
  // Answers to outputs
  | { readonly type: "signed"; readonly job: number; readonly signature: Uint8Array }
  | { readonly type: "verified"; readonly job: number; readonly valid: boolean }
  /** `text`: null when the box does not open. */
  | { readonly type: "message-opened"; readonly job: number; readonly text: string | null }
  | SwarmInput
  // The person
  | { readonly type: "rename"; readonly name: string }
  | { readonly type: "share"; readonly files: readonly LocalFile[] }
  | { readonly type: "unshare"; readonly entries: readonly LibraryEntry[] }
  /** Offers a finished download to the room. */
  | { readonly type: "share-download"; readonly file: FileId }
  | {
      readonly type: "download";
      readonly file: FileId;
      readonly name: string;
      /** Folders above it, "" for none. A second name or folder of a file that is fetched already costs no transfer. */
      readonly folder?: string;
      /** An earlier visit stored some of it: its store is opened before its turn, and a whole file needs no source. */
      readonly stored?: boolean;
    }
  | { readonly type: "order"; readonly file: FileId; readonly order: PieceOrder }
  | { readonly type: "pause"; readonly file: FileId }
  | { readonly type: "resume"; readonly file: FileId }
  /** `entry`: only this name is given up; the transfer ends with the last one. */
  | { readonly type: "cancel"; readonly file: FileId; readonly entry?: FileEntry }
  | { readonly type: "clear"; readonly file: FileId; readonly entry?: FileEntry }
  | { readonly type: "stop-sending"; readonly to: PeerId; readonly file: FileId }
  | { readonly type: "allow-sending"; readonly to: PeerId; readonly file: FileId }
  | { readonly type: "clear-sent"; readonly to: PeerId; readonly file: FileId }
  | { readonly type: "offer"; readonly to: PeerId; readonly files: readonly OfferedFile[] }
  | { readonly type: "answer-offer"; readonly from: PeerId; readonly id: number; readonly accepted: boolean }
  | { readonly type: "limits"; readonly limits: Limits }
  /** Whether the person sees this tab. */
  | { readonly type: "be"; readonly state: "here" | "away" }
  /** `writtenAt`: milliseconds since 1970 by this device's clock; it is only shown to others. */
  | {
      readonly type: "post";
      readonly group: string;
      readonly text: string;
      readonly replyTo: PostId | null;
      readonly writtenAt: number;
    }
  | { readonly type: "message"; readonly to: PeerId; readonly text: string }
  | { readonly type: "message-again"; readonly id: string }
  /** The frames that "keep-batch" gave to this device in earlier visits. */
  | { readonly type: "restore"; readonly frames: readonly Uint8Array[] }
  | { readonly type: "leave" }
  // The deadline given by nextDeadline() has come
  | { readonly type: "tick" };

/** Which piece of a download is asked for next. "sequential": the first, for playback while it arrives. [S6] */
export type PieceOrder = "rarest-first" | "sequential";

/** How the bytes of a connection travel: straight to the other side, or by a relay server (TURN). [J16] */
export type Route = "direct" | "turn";

/** Why a link ended, as the host sees it. "no-candidates": this browser gives no address to reach it. */
export type LinkEnd = "closed" | "no-route" | "no-candidates" | "timeout" | "unsupported";

/** The obstacle between two peers that have exchanged envelopes: the network, or a browser that lets nobody connect. */
export type Apart = "network" | "this-browser" | "their-browser";

/** Inputs of the host for the swarm. */
export type SwarmInput =
  /**
   * `have`: bit i says that piece i is stored (and was read back and verified, when an earlier visit stored it).
   * `layer`: the piece hashes that the store kept, if they make the root; empty where it has none.
   * `missingBytes`: so much room is missing on the device for the rest: nothing is fetched, as after "store-failed".
   */
  | {
      readonly type: "store-opened";
      readonly file: FileId;
      readonly have: Uint8Array;
      readonly layer?: Uint8Array;
      readonly missingBytes?: number;
    }
  | { readonly type: "store-failed"; readonly file: FileId; readonly reason: StoreProblem }
  /** The piece hashed right and is on disk, flushed. */
  | { readonly type: "piece-stored"; readonly file: FileId; readonly piece: number }
  /** The piece hashed wrong. `leaves`: SHA-256 of each of its 16 KiB leaves, joined. Its bytes are still held. */
  | {
      readonly type: "piece-corrupt";
      readonly file: FileId;
      readonly piece: number;
      readonly leaves: Uint8Array;
    }
  /** The leaves that were asked for with "hash-leaves". */
  | {
      readonly type: "leaves-hashed";
      readonly file: FileId;
      readonly piece: number;
      readonly leaves: Uint8Array;
    }
  /** `bytes` of the answer to request `id` have left the send queue. */
  | { readonly type: "bytes-sent"; readonly peer: PeerId; readonly id: number; readonly bytes: number }
  /** Bytes of a file that were to be sent or hashed could not be read. */
  | { readonly type: "read-failed"; readonly file: FileId; readonly reason: ReadProblem }
  /** `entries`: the names it was saved under; absent: those that were asked for. */
  | { readonly type: "file-saved"; readonly file: FileId; readonly entries?: readonly FileEntry[] }
  /** The file stays in its store until the person saves it. */
  | { readonly type: "file-kept"; readonly file: FileId }
  | {
      readonly type: "save-failed";
      readonly file: FileId;
      readonly reason: StoreProblem;
      readonly entries?: readonly FileEntry[];
    }
  /** Another tab of this browser handed over the file itself. Answered by check-file or drop-file. */
  | { readonly type: "file-handed"; readonly file: FileId; readonly from: PeerId }
  /** So many bytes of the file that was handed over are hashed. */
  | { readonly type: "file-hashed"; readonly file: FileId; readonly bytes: number }
  /**
   * `layer`: the piece hashes of the file that was handed over, joined; empty for one piece. The file is served and
   * saved from where it lies, and its store is deleted. Null: it is another file, or can't be read.
   */
  | { readonly type: "file-checked"; readonly file: FileId; readonly layer: Uint8Array | null };

/** `full` says how much is missing where the browser tells. */
export type StoreProblem =
  | { readonly kind: "full"; readonly missingBytes: number | null }
  /** Another tab of this browser writes the file. */
  | { readonly kind: "in-use" }
  /** The file that another tab of this browser handed over has changed since, or is gone. */
  | { readonly kind: "source-unreadable"; readonly reason: ReadProblem }
  | { readonly kind: "broken"; readonly defect: StoreDefect };

/** Why a store, or the folder that a file is saved to, does not work. */
export type StoreDefect =
  | {
      readonly type:
        /** It was closed before it was asked. */
        | "closed"
        | "room-left"
        | "incomplete"
        | "silent"
        /** The worker's script could not be loaded. */
        | "not-loaded"
        /** The worker ended by itself. */
        | "stopped"
        | "worker-silent"
        | "folder-silent"
        /** Every name that was tried in the folder is taken. */
        | "no-free-name";
    }
  /** It has another length than the file. */
  | { readonly type: "wrong-length"; readonly bytes: number }
  | { readonly type: "missing-piece" | "damaged-piece"; readonly piece: number }
  /** Something threw; `text` is what the browser says about it. */
  | { readonly type: "error"; readonly text: string };
/** The file on the sharer's disk was edited, or is gone (moved, deleted, drive removed, permission withdrawn). */
export type ReadProblem = "changed" | "vanished";

export type Output =
  // The signaling server
  | { readonly type: "send-envelope"; readonly to: Address; readonly bytes: Uint8Array }
  | { readonly type: "sample-members" }
  /** The server has said which room this is: once, the first time it says so. */
  | { readonly type: "entered"; readonly tag: RoomTag }
  /** The server names another room than the one this engine is in: it leaves, and does not enter that one. [J13] */
  | { readonly type: "another-room" }
  // Links
  | { readonly type: "dial"; readonly link: LinkId }
  | { readonly type: "accept"; readonly link: LinkId }
  | { readonly type: "signal"; readonly link: LinkId; readonly signal: Signal }
  | { readonly type: "close-link"; readonly link: LinkId }
  /** This link goes through a friend: there is no connection, and its frames come back as "relayed-frame". */
  | { readonly type: "open-relay"; readonly link: LinkId }
  /** The last "relayed-frame" of this link is on its way. */
  | { readonly type: "relay-took"; readonly link: LinkId }
  /** A frame that goes ahead of all bulk. */
  | { readonly type: "send"; readonly link: LinkId; readonly bytes: Uint8Array }
  // Slow work
  | { readonly type: "sign"; readonly job: number; readonly bytes: Uint8Array }
  | {
      readonly type: "verify";
      readonly job: number;
      readonly by: PeerId;
      readonly bytes: Uint8Array;
      readonly signature: Uint8Array;
    }
  /** Answered by message-opened, with the own secret key: see message-box.ts. */
  | {
      readonly type: "open-message";
      readonly job: number;
      readonly from: PeerId;
      readonly id: number;
      readonly box: Uint8Array;
    }
  /** Part of the board, to be kept on the device for "restore", or no longer. */
  | { readonly type: "keep-batch"; readonly key: string; readonly frame: Uint8Array }
  | { readonly type: "unkeep-batch"; readonly key: string }
  | SwarmOutput
  // For the person
  | { readonly type: "notice"; readonly notice: Notice };

/** Outputs of the swarm for the host. */
export type SwarmOutput =
  /** Answered by store-opened or store-failed. `layer`: piece hashes, joined; empty while unknown or for one piece. */
  | { readonly type: "open-store"; readonly file: FileId; readonly layer: Uint8Array }
  /** Keep these bytes of a piece under assembly. `begin` counts from the start of the file. */
  | { readonly type: "put-block"; readonly file: FileId; readonly begin: number; readonly bytes: Uint8Array }
  /** All bytes of the piece are put: hash it, and when it equals `hash`, store and flush it. */
  | { readonly type: "check-piece"; readonly file: FileId; readonly piece: number; readonly hash: Uint8Array }
  /** Forget the bytes of a piece under assembly. */
  | { readonly type: "drop-piece"; readonly file: FileId; readonly piece: number }
  /** Answer a request with bytes of a stored piece or shared file, as blocks behind all control frames. */
  | {
      readonly type: "send-blocks";
      readonly peer: PeerId;
      readonly id: number;
      readonly file: FileId;
      readonly begin: number;
      readonly length: number;
    }
  /** Stop answering this request: blocks that have not left the send queue are dropped. */
  | { readonly type: "stop-blocks"; readonly peer: PeerId; readonly id: number }
  | { readonly type: "hash-leaves"; readonly file: FileId; readonly piece: number }
  /** Every piece is stored: give the file to the person. Answered by file-saved, file-kept or save-failed. */
  | { readonly type: "save-file"; readonly file: FileId; readonly entries: readonly FileEntry[] }
  /** Close the store; `forget`: also delete its pieces. */
  | { readonly type: "close-store"; readonly file: FileId; readonly forget: boolean }
  /** Ask the other tabs of this browser for the file itself. Answered by file-handed, or by nobody. */
  | { readonly type: "ask-tabs"; readonly file: FileId }
  /** Hash the file that was handed over: file-hashed on the way, then file-checked. */
  | { readonly type: "check-file"; readonly file: FileId }
  /** The file that was handed over is not wanted, or not any more. */
  | { readonly type: "drop-file"; readonly file: FileId };

/** Bytes a second, null for no limit. They hold at once, also for transfers under way. [S18] */
export interface Limits {
  readonly uploadBytesPerSecond: number | null;
  readonly downloadBytesPerSecond: number | null;
  readonly uploadPerPeerBytesPerSecond: number | null;
  readonly downloadPerPeerBytesPerSecond: number | null;
}

export const NO_LIMITS: Limits = {
  uploadBytesPerSecond: null,
  downloadBytesPerSecond: null,
  uploadPerPeerBytesPerSecond: null,
  downloadPerPeerBytesPerSecond: null,
};

/** A file of this device, hashed. */
export interface LocalFile {
  readonly file: FileId;
  readonly name: string;
  /** Folders above it, "/" between them, "" for none. */
  readonly folder: string;
  /** Piece hashes, joined; empty when the file has at most one piece (its hash is the root). */
  readonly layer: Uint8Array;
}

/** Something a person should be told once. */
export type Notice =
  | {
      readonly type: "offer";
      readonly from: PeerId;
      readonly id: number;
      readonly files: readonly OfferedFile[];
    }
  | { readonly type: "offer-answered"; readonly by: PeerId; readonly accepted: boolean }
  | {
      readonly type: "no-route";
      readonly peer: PeerId | null;
      readonly because: Exclude<Apart, "this-browser">;
    }
  /** This browser gives no address at which anybody could reach it. */
  | { readonly type: "no-candidates" }
  /** No connection is left for a call: a browser gives a tab only so many. */
  | { readonly type: "connections-spent" }
  /** Files could not be offered to a person, because no call reached them. */
  | { readonly type: "not-reached"; readonly peer: PeerId }
  | {
      readonly type: "peer-dropped";
      readonly peer: PeerId;
      readonly refusal: import("../names/refusal.ts").Refusal;
    }
  | { readonly type: "source-unreadable"; readonly file: FileId; readonly reason: ReadProblem }
  /** Two signed entries at one sequence number: the author is proven to have lied. Told once for each author. */
  | { readonly type: "two-histories"; readonly author: PeerId }
  /** Another tab of this browser handed over another file than the wanted one, or one that can't be read. */
  | {
      readonly type: "false-hand-over";
      readonly file: FileId;
      readonly from: PeerId;
      readonly because: "another-file" | "unreadable";
    };
