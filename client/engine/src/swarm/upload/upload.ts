/**
 * Serves held files: it tells peers of pieces (interests.ts), answers for hashes (hash-answers.ts), sends bytes by a
 * fair queue (upload-queue.ts), and lists them for people (sent.ts). PROTOCOL.md, rules S2 to S5 and S13 to S20.
 */
import type { Events } from "../../base/events.ts";
import type { FetchEnd, RejectReason, RequestFrame } from "../../wire/frame.ts";
import { HashAnswers } from "./hash-answers.ts";
import { Interests } from "./interests.ts";
import {
  LEAF_BYTES,
  geometryOf,
  lengthOf,
  pieceAt,
  pieceBegin,
  pieceBytes,
  type FileId,
  type Geometry,
} from "../../names/file-id.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { ReadProblem } from "../../io/io.ts";
import type { Refusal } from "../../names/refusal.ts";
import { SILENT_MS } from "../../wire/limits.ts";
import { Sent, type Sending } from "./sent.ts";
import type { Served } from "./served.ts";
import { earliest, type Time } from "../../base/time.ts";
import type { UploadEvent } from "./event.ts";
import { UploadQueue } from "./upload-queue.ts";
import type { UploadState, UploadView } from "../../io/view.ts";

/** In a fetch that goes on, there is less time than this between two requests. Guess. */
const BETWEEN_REQUESTS_MS = 1000;

export class Uploads {
  readonly #events: Events<UploadEvent>;
  readonly #served: Served;
  readonly #interests: Interests;
  readonly #hashes: HashAnswers;
  readonly #queue: UploadQueue;
  readonly #sent = new Sent();

  constructor(events: Events<UploadEvent>, served: Served) {
    this.#events = events;
    this.#served = served;
    this.#interests = new Interests(events, served);
    this.#hashes = new HashAnswers(events, served, this.#interests);
    this.#queue = new UploadQueue(events);
  }

  // -- what is held --------------------------------------------------------------------------------------------------

  /** The file may be read (again). */
  offered(file: FileId): void {
    this.#interests.tellAll(file);
  }

  /** The file is not served any more. */
  withdrawn(file: FileId, now: Time): void {
    this.#queue.rejectAll(file, "not-here");
    this.#sent.withdrawn(file);
    this.#queue.forget(file);
    this.#interests.tellAll(file);
    this.#queue.serve(now);
  }

  /** One more piece is held, or all those of a store. [S5] */
  gained(file: FileId, piece: number | "all", now: Time): void {
    if (piece === "all") this.#interests.tellAll(file);
    else this.#interests.gained(file, piece, now);
  }

  uploadedBytes(file: FileId): number {
    return this.#sent.bytesOf(file);
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  peerUp(peer: PeerId): void {
    this.#interests.peerUp(peer);
    this.#hashes.peerUp(peer);
    this.#queue.peerUp(peer);
  }

  peerDown(peer: PeerId, now: Time): void {
    if (!this.#queue.has(peer)) return;
    this.#served.peerDown(peer);
    this.#interests.peerDown(peer);
    this.#hashes.peerDown(peer);
    this.#sent.peerDown(peer);
    this.#queue.peerDown(peer);
    this.#queue.serve(now);
  }

  /** Whether the peer fetches something from here, or is interested in a file. */
  serves(peer: PeerId): boolean {
    return this.#queue.isAsking(peer) || this.#interests.hears(peer);
  }

  /** Whether a peer is interested in the file. */
  isWanted(file: FileId): boolean {
    return this.#interests.isWanted(file);
  }

  interest(peer: PeerId, file: FileId, wanted: boolean, now: Time): void {
    if (!wanted) return this.#interests.end(peer, file);
    this.#served.tellWithheld(peer, file, now);
    if (!this.#interests.begin(peer, file)) this.#refuse(peer, "too-many-requests");
  }

  layerRequest(peer: PeerId, file: FileId, first: number, now: Time): void {
    this.#hashes.layerRequest(peer, file, first, now);
  }

  leavesRequest(peer: PeerId, file: FileId, piece: number, now: Time): void {
    this.#hashes.leavesRequest(peer, file, piece, now);
  }

  request(peer: PeerId, frame: RequestFrame, now: Time): void {
    if (this.#queue.hasJob(peer, frame.id)) return this.#refuse(peer, "bad-request");
    const reason = this.#whyNot(peer, frame);
    if (reason) {
      this.#served.tellWithheld(peer, frame.file, now);
      this.#events.push({ type: "send", to: peer, frame: { type: "reject", id: frame.id, reason } });
      return;
    }
    this.#sent.asked(peer, frame.file, now);
    this.#queue.add(peer, frame, now);
  }

  cancel(peer: PeerId, id: number, now: Time): void {
    if (!this.#queue.hasJob(peer, id)) return; // the last byte and the cancel have crossed
    this.#queue.reject(peer, id, "cancelled");
    this.#queue.serve(now);
  }

  /** The peer stops fetching the file, for now or for good. [S19] */
  fetchEnded(peer: PeerId, file: FileId, how: FetchEnd): void {
    if (!this.#served.isWithheld(peer, file)) this.#sent.ended(peer, file, how);
  }

  // -- the person ----------------------------------------------------------------------------------------------------

  /** Sends no more of the file to this peer, until `allow` or the end of the visit. [S20] */
  stop(peer: PeerId, file: FileId, now: Time): void {
    if (this.#served.isWithheld(peer, file)) return;
    this.#served.withhold(peer, file);
    this.#sent.ended(peer, file, "stopped");
    if (!this.#queue.has(peer)) return;
    this.#served.tellWithheld(peer, file, now);
    this.#queue.rejectAll(file, "not-here", peer);
    if (this.#interests.hearsOf(peer, file)) this.#interests.tell(peer, file);
    this.#queue.serve(now);
  }

  allow(peer: PeerId, file: FileId, now: Time): void {
    if (!this.#served.allow(peer, file)) return;
    this.#sent.ended(peer, file, null);
    this.#sent.asked(peer, file, now);
    if (!this.#queue.has(peer)) return this.#sent.ended(peer, file, "parted");
    this.#events.push({ type: "send", to: peer, frame: { type: "withheld", file, withheld: false } });
    if (this.#interests.hearsOf(peer, file)) this.#interests.tell(peer, file);
  }

  /** Takes the sending of this file to this peer off the list. */
  clear(peer: PeerId, file: FileId): void {
    if (!this.#served.isWithheld(peer, file)) this.#sent.clear(peer, file);
  }

  /** The peer is gone; this was its name. */
  gone(peer: PeerId, name: string): void {
    this.#sent.gone(peer, name);
  }

  lastNameOf(peer: PeerId): string {
    return this.#sent.lastNameOf(peer);
  }

  /** Sets the limits over all peers, and for each; null for no limit. [S18] */
  limit(bytesPerSecond: number | null, perPeerBytesPerSecond: number | null, now: Time): void {
    this.#queue.limit(bytesPerSecond, perPeerBytesPerSecond);
    this.#queue.serve(now);
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  bytesSent(peer: PeerId, id: number, bytes: number, now: Time): void {
    const file = this.#queue.sent(peer, id, bytes);
    if (!file) return; // stopped meanwhile
    this.#sent.add(peer, file, this.#served.offer(file)?.name ?? "", bytes, now);
    this.#queue.serve(now);
  }

  readFailed(file: FileId, reason: ReadProblem, now: Time): void {
    if (!this.#served.offer(file)) return; // not served any more
    if (this.#served.unreadable(file, reason)) this.#events.push({ type: "source-unreadable", file, reason });
    this.#sent.withdrawn(file);
    this.#hashes.unreadable(file);
    this.#queue.rejectAll(file, reason);
    this.#queue.serve(now);
  }

  leavesHashed(file: FileId, piece: number, leaves: Uint8Array, now: Time): void {
    if (!this.#hashes.leavesHashed(file, piece, leaves)) this.readFailed(file, "changed", now);
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    this.#served.tick(now);
    this.#interests.tick(now);
    this.#sent.tick(now);
    this.#queue.tick(now);
  }

  nextDeadline(): Time | null {
    const [served, interests] = [this.#served.nextDeadline(), this.#interests.nextDeadline()];
    return earliest(served, interests, this.#sent.nextDeadline(), this.#queue.nextDeadline());
  }

  // -- what the page reads -------------------------------------------------------------------------------------------

  views(now: Time): UploadView[] {
    return [...this.#sent].map((sending) => {
      const { peer, file, name, sentBytes, rate } = sending;
      const state = this.#stateOf(sending, now);
      const bytesPerSecond = state === "sending" ? rate.perSecond(now) : 0;
      return { file, name, to: peer, length: lengthOf(file), sentBytes, bytesPerSecond, state };
    });
  }

  #stateOf({ peer, file, sentBytes, lastAt, end }: Sending, now: Time): UploadState {
    if (end !== null) return end;
    if (this.#queue.isAsking(peer, file)) {
      if (now - lastAt < SILENT_MS) return "sending";
      return this.#queue.isInLine(peer) ? "queued" : "waiting";
    }
    if (now - lastAt < BETWEEN_REQUESTS_MS) return "sending";
    return sentBytes >= lengthOf(file) ? "delivered" : "waiting"; // for the version before, which does not tell
  }

  // -- details -------------------------------------------------------------------------------------------------------

  /** Why a request will not be answered, or null. */
  #whyNot(peer: PeerId, { file, begin, length }: RequestFrame): RejectReason | null {
    if (!this.#queue.hasRoom(peer, length)) {
      this.#refuse(peer, "too-many-requests");
      return "busy";
    }
    const geometry = geometryOf(lengthOf(file));
    if (!isWithinOnePiece(geometry, begin, length)) {
      this.#refuse(peer, "bad-request");
      return "not-here";
    }
    const problem = this.#served.problemOf(file);
    if (problem) return problem;
    const piece = pieceAt(geometry, begin);
    const holding = this.#served.holdingFor(peer, file);
    if (!holding?.has(piece)) return "not-here";
    return holding.isFull && length > LEAF_BYTES && this.#queue.sendsOn(peer, file, piece)
      ? "elsewhere"
      : null;
  }

  #refuse(peer: PeerId, refusal: Refusal): void {
    this.#events.push({ type: "refuse", peer, refusal });
  }
}

const isWithinOnePiece = (geometry: Geometry, begin: number, length: number): boolean => {
  const piece = pieceAt(geometry, begin);
  return (
    piece < geometry.pieceCount && begin + length <= pieceBegin(geometry, piece) + pieceBytes(geometry, piece)
  );
};
