/** The values that the page reads from the engine: plain, made fresh on each read, never written to. */
import type { FileId } from "../names/file-id.ts";
import type { Kind } from "../names/kind.ts";
import type { FetchEnd } from "../wire/frame.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { PostId } from "../names/post-id.ts";
import type { ReadProblem, Route, StoreProblem } from "./io.ts";

export interface PersonView {
  readonly peer: PeerId;
  /** Sanitized. "" until the profile has come, and for a gone peer without messages or sent files in the lists. */
  readonly name: string;
  /** Four characters of the key. */
  readonly tag: string;
  /** Degrees. */
  readonly hue: number;
  /**
   * `turn`: by a relay server. `relayed`: sealed frames go through a friend. `known`: only its feeds are here; it is
   * called when needed.
   */
  readonly reach: Route | "relayed" | "known";
  /**
   * `away`: silent for a while, as behind a locked screen or a file picker; it may be back in a moment. `gone`: not in
   * the room; it may come back under the same key.
   */
  readonly presence: "here" | "away" | "gone";
  /** Proven to have signed two different histories: entries after the split do not count. */
  readonly lied: boolean;
  readonly rttMs: number | null;
  readonly fileCount: number;
}

export interface LibraryItem {
  readonly file: FileId;
  readonly name: string;
  readonly folder: string;
  readonly length: number;
  /** Set when a read for somebody failed: the file is listed here, and no longer offered. */
  readonly problem: ReadProblem | null;
  readonly uploadedBytes: number;
}

export interface ResultRow {
  readonly file: FileId;
  readonly name: string;
  readonly folder: string;
  readonly kind: Kind;
  readonly length: number;
  /** The peers that offer it by this name. It is fetched from all that offer it by any name. */
  readonly sources: readonly PeerId[];
  /** This device shares it too, by this name. */
  readonly mine: boolean;
  /** [begin, end) pairs into `name` to be highlighted. */
  readonly marks: readonly (readonly [number, number])[];
}

export interface SearchQuery {
  readonly text: string;
  readonly kind: Kind | null;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Only files of this peer ("Browse NAME"). */
  readonly of: PeerId | null;
  readonly limit: number;
}

export interface SearchResults {
  readonly rows: readonly ResultRow[];
  readonly total: number;
  /** How many matches there are of each kind, before the filter by kind. */
  readonly totalByKind: Readonly<Record<Kind, number>>;
}

export type TransferState =
  /** Waiting for a source: `position` in a source's upload queue, null while there is no source at all. */
  | { readonly type: "queued"; readonly position: number | null; readonly sources: number }
  | { readonly type: "downloading" }
  /** Nothing came for a few seconds, and these peers owe bytes. */
  | { readonly type: "waiting"; readonly for: readonly PeerId[] }
  | { readonly type: "paused"; readonly because: "person" | StoreProblem }
  | { readonly type: "verifying" }
  /** All of it is here and verified; it waits until the browser or the chosen folder has taken it. */
  | { readonly type: "saving" }
  | { readonly type: "complete"; readonly saved: boolean }
  | { readonly type: "failed"; readonly reason: TransferFailure };

export type TransferFailure =
  | { readonly type: "source-unreadable"; readonly reason: ReadProblem; readonly by: PeerId }
  /** The person behind the only source stopped sending it to us. */
  | { readonly type: "stopped"; readonly by: PeerId }
  | { readonly type: "save"; readonly problem: StoreProblem };

/** Below this a transfer stands still, as far as a person is concerned. */
export const STANDSTILL_BYTES_PER_SECOND = 1024;

/** There is one for each name by which a file is fetched: they share one transfer, and all its figures. */
export interface DownloadView {
  readonly file: FileId;
  readonly name: string;
  readonly folder: string;
  readonly length: number;
  readonly state: TransferState;
  readonly verifiedBytes: number;
  readonly bytesPerSecond: number;
  /** Null while it stands still, or would take so long that nobody can tell. */
  readonly secondsLeft: number | null;
  /** Peers that hold at least one piece and are connected. */
  readonly sources: readonly PeerId[];
  /** The piece map: 0 missing, 1 arriving, 2 stored in an earlier visit, 3 + i: came from senders[i]. */
  readonly pieces: Uint16Array;
  readonly senders: readonly PeerId[];
  /** The tab of this browser that handed over the file itself, from when it is being checked; it took no channel. */
  readonly handedBy: PeerId | null;
}

/** How the sending of a file to somebody ended, for now or for good. */
export type UploadEnd =
  /** The receiver said so, or all of it was sent. */
  | FetchEnd
  /** This person stopped it, and may allow it again. */
  | "stopped"
  /** The file is not shared any more. */
  | "withdrawn"
  /** The link is gone. */
  | "parted";

export type UploadState =
  | "sending"
  /** Others have their turn first. */
  | "queued"
  /** The receiver takes nothing, or asks for nothing. */
  | "waiting"
  | UploadEnd;

export interface UploadView {
  readonly file: FileId;
  readonly name: string;
  readonly to: PeerId;
  readonly length: number;
  readonly sentBytes: number;
  /** 0 unless it is being sent. */
  readonly bytesPerSecond: number;
  readonly state: UploadState;
}

/** A newsgroup of the room. */
export interface GroupView {
  readonly name: string;
  readonly posts: number;
  /** The last post in causal order: a person who has seen it has seen the group. */
  readonly newest: PostId | null;
}

export interface PostView {
  readonly id: PostId;
  readonly author: PeerId;
  /** The author's name at the time of writing; the author may have left. Sanitized, may be "". */
  readonly authorName: string;
  readonly group: string;
  /** Plain text with line breaks, sanitized; never markup. */
  readonly text: string;
  /** The post that it answers, which need not be here. */
  readonly replyTo: PostId | null;
  /** 0: begins a thread, or answers a post that is not here. 1: an answer, listed below the thread's first. */
  readonly depth: 0 | 1;
  /** Milliseconds since 1970 as the author claims; only to be shown, and any number may be claimed. */
  readonly writtenAt: number;
  readonly mine: boolean;
}

export interface MessageView {
  /** Unique among this peer's messages, and the same on every read. */
  readonly id: string;
  readonly with: PeerId;
  /** Sent by this peer, else received. */
  readonly mine: boolean;
  /** Plain text with line breaks, sanitized; never markup. */
  readonly text: string;
  /** A received one is delivered. */
  readonly state: "sending" | "delivered" | "failed";
}
