/**
 * Serving what is held: hashes when asked, and bytes by a fair queue. PROTOCOL.md, rules S2 to S5 and S13 to S17.
 *
 * A few peers are served at a time, so that a piece is complete somewhere soon and can be passed on; everyone who asks
 * gets turns of equal bytes (deficit round robin: Shreedhar, Varghese 1995), so that nobody starves.
 */
import { Allowance } from "../../base/allowance.ts";
import { equalBytes } from "../../base/bytes.ts";
import {
  HASH_BYTES,
  LEAF_BYTES,
  geometryOf,
  lengthOf,
  pieceAt,
  pieceBegin,
  pieceBytes,
  rootOf,
  type FileId,
  type Geometry,
} from "../../names/file-id.ts";
import { MAX_HASHES_PER_FRAME } from "../../wire/frame.ts";
import type { FetchEnd, RejectReason, RequestFrame, SwarmFrame } from "../../wire/frame.ts";
import { Interests } from "./interests.ts";
import type { ReadProblem, SwarmOutput } from "../../io/io.ts";
import type { Time } from "../../base/time.ts";
import { hashAt, pieceHashOf } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { Bucket } from "../../base/pace.ts";
import type { Refusal } from "../../names/refusal.ts";
import { Sent, type Sending } from "./sent.ts";
import { MAX_REQUESTS_PER_PEER, SILENT_MS } from "../../wire/limits.ts";
import { Spread } from "./spread.ts";
import type { UploadState, UploadView } from "../../io/view.ts";

/** Peers served at a time. Guess: enough that one slow link leaves the uplink full, few enough that turns come soon. */
export const UPLOAD_SLOTS = 4;
/** What a peer gets before it is the next one's turn. Guess. */
export const TURN_BYTES = 1024 * 1024;
/** Given to the host and not yet sent, per peer: with all slots taken 4 MiB wait in memory. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** One job of the host: reading big is several times as fast as reading small, and a turn is a few jobs. */
const JOB_BYTES = 256 * 1024;
/** Asked by one peer and not yet answered: its largest window and one piece of the largest kind, with room. [S13] */
const MAX_ASKED_BYTES = 32 * 1024 * 1024;
/** Hashes of leaves cost the reading of a piece: this many pieces at once, and this many more a second. Guess. */
const LEAVES_AT_ONCE = 256;
const LEAVES_PER_SECOND = 32;
/** Of piece layers as many bytes as 256 whole frames, and 32 more a second; a short one of a small file costs little. */
const LAYER_BYTES_AT_ONCE = 16 * 1024 * 1024;
const LAYER_BYTES_PER_SECOND = 2 * 1024 * 1024;
/** What an answer costs at least. Guess. */
const LEAST_LAYER_BYTES = 1024;
/** Pieces whose leaves the host is hashing for somebody; the oldest is forgotten first. Guess. */
const MAX_LEAVES_JOBS = 64;
/** A place in the queue is told at most this often. */
const PLACES_EVERY_MS = 1000;
/** A peer that asks for what is withheld is told so at most this often. */
const WITHHELD_EVERY_MS = 1000;
/** Between two requests of a fetch that goes on there is less. Guess. */
const BETWEEN_REQUESTS_MS = 1000;

export interface UploadsContext {
  emit(output: SwarmOutput): void;
  send(peer: PeerId, frame: SwarmFrame): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  unreadable(file: FileId, reason: ReadProblem): void;
  /** What may be served of a file, or null. */
  held(file: FileId): Held | null;
}

export interface Held {
  readonly name: string;
  /** Piece hashes, joined; empty when the file has one piece, or while they are unknown. */
  readonly layer: Uint8Array;
  /** Every piece is held. */
  readonly isFull: boolean;
  has(piece: number): boolean;
  /** As in a bitfield frame. */
  bits(): Uint8Array;
}

interface Job {
  readonly id: number;
  readonly file: FileId;
  readonly begin: number;
  readonly length: number;
  givenBytes: number;
  sentBytes: number;
}

/** A linked peer as it asks us. */
interface Asker {
  readonly peer: PeerId;
  readonly jobs: Map<number, Job>;
  askedBytes: number;
  unsentBytes: number;
  /** What is left of its turn. */
  turnBytes: number;
  toldPlace: number;
  readonly leaves: Allowance;
  readonly layers: Allowance;
  /** It has had its first request: one of a leaf does not wait in line, so that strangers learn whom to trust. [S14] */
  isGreeted: boolean;
  readonly bucket: Bucket;
}

interface LeavesJob {
  readonly file: FileId;
  readonly piece: number;
  readonly askers: Set<Asker>;
}

export class Uploads {
  readonly #context: UploadsContext;
  readonly #askers = new Map<PeerId, Asker>();
  readonly #served = new Set<Asker>();
  readonly #line = new Set<Asker>();
  readonly #interests: Interests;
  readonly #problemByFile = new Map<FileId, ReadProblem>();
  readonly #spreadByFile = new Map<FileId, Spread>();
  readonly #sent = new Sent();
  /** What the person stopped, by peer and file, and when the peer was told last. As many as the person has stopped. */
  readonly #withheldTold = new Map<string, Time>();
  readonly #leavesJobs = new Map<string, LeavesJob>();
  readonly #bucket = new Bucket();
  #perPeerBytesPerSecond: number | null = null;
  /** A limit lets something out again. */
  #paceDueAt: Time | null = null;
  #placesDueAt: Time | null = null;
  #placesToldAt: Time = -PLACES_EVERY_MS;

  constructor(context: UploadsContext) {
    this.#context = context;
    this.#interests = new Interests({
      send: context.send,
      bits: (peer, file) => this.#heldFor(peer, file)?.bits() ?? null,
      isWithheld: (peer, file) => this.#isWithheld(peer, file),
    });
  }

  // -- what is held --------------------------------------------------------------------------------------------------

  /** The file may be read (again). */
  offered(file: FileId): void {
    this.#problemByFile.delete(file);
    this.#interests.tellAll(file);
  }

  /** The file is not served any more. */
  withdrawn(file: FileId, now: Time): void {
    this.#rejectAll(file, "not-here");
    this.#sent.withdrawn(file);
    this.#problemByFile.delete(file);
    this.#spreadByFile.delete(file);
    this.#interests.tellAll(file);
    this.#serve(now);
  }

  /** A piece more is held, or all that a store had. [S5] */
  gained(file: FileId, piece: number | "all", now: Time): void {
    if (piece === "all") this.#interests.tellAll(file);
    else this.#interests.gained(file, piece, now);
  }

  problemOf(file: FileId): ReadProblem | null {
    return this.#problemByFile.get(file) ?? null;
  }

  uploadedBytes(file: FileId): number {
    return this.#sent.bytesOf(file);
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  peerUp(peer: PeerId): void {
    this.#interests.peerUp(peer);
    this.#askers.set(peer, {
      peer,
      jobs: new Map(),
      askedBytes: 0,
      unsentBytes: 0,
      turnBytes: 0,
      toldPlace: 0,
      leaves: new Allowance(LEAVES_AT_ONCE, LEAVES_PER_SECOND),
      layers: new Allowance(LAYER_BYTES_AT_ONCE, LAYER_BYTES_PER_SECOND),
      isGreeted: false,
      bucket: this.#newBucket(),
    });
  }

  peerDown(peer: PeerId, now: Time): void {
    const asker = this.#askers.get(peer);
    if (!asker) return;
    this.#askers.delete(peer);
    this.#served.delete(asker);
    this.#line.delete(asker);
    this.#interests.peerDown(peer);
    this.#sent.peerDown(peer);
    for (const spread of this.#spreadByFile.values()) spread.peerDown(peer);
    for (const { askers } of this.#leavesJobs.values()) askers.delete(asker);
    for (const { id, givenBytes, sentBytes } of asker.jobs.values())
      if (givenBytes > sentBytes) this.#context.emit({ type: "stop-blocks", peer, id });
    this.#serve(now);
  }

  /** It fetches something from here, or wants to hear of more. */
  serves(peer: PeerId): boolean {
    const asker = this.#askers.get(peer);
    return asker !== undefined && (asker.jobs.size > 0 || this.#interests.hears(peer));
  }

  /** Somebody has shown interest. */
  isWanted(file: FileId): boolean {
    return this.#interests.isWanted(file);
  }

  interest(peer: PeerId, file: FileId, wanted: boolean, now: Time): void {
    const asker = this.#askers.get(peer);
    if (!asker) return;
    if (!wanted) return this.#interests.end(peer, file);
    this.#tellWithheld(peer, file, now);
    if (!this.#interests.begin(peer, file)) this.#context.refuse(peer, "too-many-requests");
  }

  layerRequest(peer: PeerId, file: FileId, first: number, now: Time): void {
    const asker = this.#askers.get(peer);
    if (!asker) return;
    const layer = this.#heldFor(peer, file)?.layer ?? new Uint8Array(0);
    const hashes = layer.subarray(first * HASH_BYTES, (first + MAX_HASHES_PER_FRAME) * HASH_BYTES);
    if (!asker.layers.spend(Math.max(hashes.length, LEAST_LAYER_BYTES), now))
      return this.#context.refuse(peer, "too-many-requests");
    this.#tellWithheld(peer, file, now);
    if (layer.length === 0) return this.#interests.tell(peer, file);
    if (hashes.length === 0) return this.#context.refuse(peer, "bad-request");
    this.#context.send(peer, { type: "layer", file, first, hashes });
  }

  leavesRequest(peer: PeerId, file: FileId, piece: number, now: Time): void {
    const asker = this.#askers.get(peer);
    if (!asker) return;
    if (!asker.leaves.spend(1, now)) return this.#context.refuse(peer, "too-many-requests");
    this.#tellWithheld(peer, file, now);
    if (!this.#heldFor(peer, file)?.has(piece)) return this.#interests.tell(peer, file);
    const key = `${file} ${piece}`;
    const job = this.#leavesJobs.get(key);
    if (job) {
      job.askers.add(asker);
      return;
    }
    this.#leavesJobs.set(key, { file, piece, askers: new Set([asker]) });
    const [oldest] = this.#leavesJobs.keys();
    if (oldest !== undefined && this.#leavesJobs.size > MAX_LEAVES_JOBS) this.#leavesJobs.delete(oldest);
    this.#context.emit({ type: "hash-leaves", file, piece });
  }

  request(peer: PeerId, frame: RequestFrame, now: Time): void {
    const asker = this.#askers.get(peer);
    if (!asker) return;
    const { id, file, begin, length } = frame;
    if (asker.jobs.has(id)) return this.#context.refuse(peer, "bad-request");
    const reason = this.#whyNot(asker, frame);
    if (reason) this.#tellWithheld(peer, file, now);
    if (reason) return this.#reject(asker, id, reason);
    this.#sent.asked(peer, file, now);
    this.#spreadOf(file)?.promise(peer, pieceAt(geometryOf(lengthOf(file)), begin));
    const job: Job = { id, file, begin, length, givenBytes: 0, sentBytes: 0 };
    asker.jobs.set(id, job);
    asker.askedBytes += length;
    if (!asker.isGreeted && length <= LEAF_BYTES) this.#giveSome(asker, job, now);
    asker.isGreeted = true;
    if (!this.#served.has(asker)) this.#line.add(asker);
    this.#serve(now);
  }

  cancel(peer: PeerId, id: number, now: Time): void {
    const asker = this.#askers.get(peer);
    const job = asker?.jobs.get(id);
    if (!asker || !job) return; // the last byte and the cancel have crossed
    this.#stop(asker, job, "cancelled");
    this.#serve(now);
  }

  /** The peer asks for nothing more of it, for now or for good. [S19] */
  fetchEnded(peer: PeerId, file: FileId, how: FetchEnd): void {
    if (!this.#isWithheld(peer, file)) this.#sent.ended(peer, file, how);
  }

  /** The person stops it for this peer, until `allow` or the end of the visit. [S20] */
  stop(peer: PeerId, file: FileId, now: Time): void {
    if (this.#isWithheld(peer, file)) return;
    this.#withheldTold.set(keyOf(peer, file), -Infinity);
    this.#sent.ended(peer, file, "stopped");
    const asker = this.#askers.get(peer);
    if (!asker) return;
    this.#tellWithheld(peer, file, now);
    for (const job of asker.jobs.values()) if (job.file === file) this.#stop(asker, job, "not-here");
    if (this.#interests.hearsOf(peer, file)) this.#interests.tell(peer, file);
    this.#serve(now);
  }

  allow(peer: PeerId, file: FileId, now: Time): void {
    if (!this.#withheldTold.delete(keyOf(peer, file))) return;
    this.#sent.ended(peer, file, null);
    this.#sent.asked(peer, file, now);
    if (!this.#askers.has(peer)) return this.#sent.ended(peer, file, "parted");
    this.#context.send(peer, { type: "withheld", file, withheld: false });
    if (this.#interests.hearsOf(peer, file)) this.#interests.tell(peer, file);
  }

  /** What was sent of it to this peer need not be seen any more. */
  clear(peer: PeerId, file: FileId): void {
    if (!this.#isWithheld(peer, file)) this.#sent.clear(peer, file);
  }

  /** It left the room, under this name. */
  gone(peer: PeerId, name: string): void {
    this.#sent.gone(peer, name);
  }

  lastNameOf(peer: PeerId): string {
    return this.#sent.lastNameOf(peer);
  }

  /** In all, and to each peer. [S18] */
  limit(bytesPerSecond: number | null, perPeerBytesPerSecond: number | null, now: Time): void {
    this.#bucket.limit(bytesPerSecond);
    this.#perPeerBytesPerSecond = perPeerBytesPerSecond;
    for (const { bucket } of this.#askers.values()) bucket.limit(perPeerBytesPerSecond);
    this.#serve(now);
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  bytesSent(peer: PeerId, id: number, bytes: number, now: Time): void {
    const asker = this.#askers.get(peer);
    const job = asker?.jobs.get(id);
    if (!asker || !job) return; // stopped meanwhile
    job.sentBytes += bytes;
    asker.unsentBytes -= bytes;
    asker.turnBytes -= bytes;
    this.#sent.add(peer, job.file, this.#context.held(job.file)?.name ?? "", bytes, now);
    if (job.sentBytes === job.length) this.#end(asker, job);
    this.#serve(now);
  }

  readFailed(file: FileId, reason: ReadProblem, now: Time): void {
    if (!this.#context.held(file)) return; // not served any more
    if (!this.#problemByFile.has(file)) this.#context.unreadable(file, reason);
    this.#problemByFile.set(file, reason);
    this.#sent.withdrawn(file);
    for (const [key, job] of this.#leavesJobs) {
      if (job.file !== file) continue;
      this.#leavesJobs.delete(key);
      for (const { peer } of job.askers) this.#interests.tell(peer, file);
    }
    this.#rejectAll(file, reason);
    this.#serve(now);
  }

  /** What the disk gives now may be another file than what was hashed: only true leaves are passed on. */
  leavesHashed(file: FileId, piece: number, leaves: Uint8Array, now: Time): void {
    const key = `${file} ${piece}`;
    const job = this.#leavesJobs.get(key);
    const held = this.#held(file);
    this.#leavesJobs.delete(key);
    if (!job || !held?.has(piece)) return;
    const geometry = geometryOf(lengthOf(file));
    const hash = geometry.pieceCount > 1 ? hashAt(held.layer, piece) : rootOf(file);
    if (!equalBytes(pieceHashOf(leaves, geometry, piece), hash)) return this.readFailed(file, "changed", now);
    for (const { peer } of job.askers)
      this.#context.send(peer, { type: "leaves", file, piece, hashes: leaves });
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    this.#interests.tick(now);
    this.#sent.tick(now);
    const isPaced = this.#paceDueAt !== null && now >= this.#paceDueAt;
    const isTelling = this.#placesDueAt !== null && now >= this.#placesDueAt;
    if (isTelling) this.#tellPlaces(now);
    if (isPaced || isTelling) this.#serve(now); // what waited for first copies may not wait any more
  }

  nextDeadline(): Time | null {
    const due = [
      this.#interests.nextDeadline(),
      this.#sent.nextDeadline(),
      this.#placesDueAt,
      this.#paceDueAt,
    ].filter((at) => at !== null);
    return due.length > 0 ? Math.min(...due) : null;
  }

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
    const asker = this.#askers.get(peer);
    if (asker && [...asker.jobs.values()].some((job) => job.file === file)) {
      if (now - lastAt < SILENT_MS) return "sending";
      return this.#line.has(asker) ? "queued" : "waiting";
    }
    if (now - lastAt < BETWEEN_REQUESTS_MS) return "sending";
    return sentBytes >= lengthOf(file) ? "delivered" : "waiting"; // to a peer of the version before, which does not tell
  }

  // -- the queue -----------------------------------------------------------------------------------------------------

  /** Fills the slots from the line, and gives every served peer its due. */
  #serve(now: Time): void {
    for (const asker of this.#served) {
      const idle = asker.unsentBytes === 0;
      if (idle && !hasJob(asker)) this.#served.delete(asker);
      else if (idle && ((asker.turnBytes <= 0 && this.#line.size > 0) || !this.#rarestJob(asker, now))) {
        this.#served.delete(asker);
        this.#line.add(asker);
      }
    }
    for (const asker of this.#line) {
      if (this.#served.size >= UPLOAD_SLOTS) break;
      if (!hasJob(asker)) {
        this.#line.delete(asker);
        continue;
      }
      if (!this.#rarestJob(asker, now)) continue;
      this.#line.delete(asker);
      asker.turnBytes = TURN_BYTES;
      this.#served.add(asker);
    }
    this.#paceDueAt = null;
    for (const asker of [...this.#served]) this.#give(asker, now);
    if (this.#placesDueAt === null && (this.#line.size > 0 || this.#isPlaceStale()))
      this.#placesDueAt = Math.max(now, this.#placesToldAt + PLACES_EVERY_MS);
  }

  /** Hands jobs to the host: while others wait, no more than the turn has left. */
  #give(asker: Asker, now: Time): void {
    const maxBytes = this.#line.size > 0 ? Math.min(asker.turnBytes, MAX_UNSENT_BYTES) : MAX_UNSENT_BYTES;
    while (asker.unsentBytes < maxBytes) {
      const job = this.#rarestJob(asker, now);
      if (!job || !this.#mayGive(asker, now)) return;
      this.#giveSome(asker, job, now);
    }
  }

  /** Whether the limits let something out; who is let through is the last to be looked at next time. */
  #mayGive(asker: Asker, now: Time): boolean {
    const freeAt = Math.max(this.#bucket.freeAt(now), asker.bucket.freeAt(now));
    if (freeAt > now) {
      this.#paceDueAt = Math.min(this.#paceDueAt ?? Infinity, freeAt);
      return false;
    }
    this.#served.delete(asker);
    this.#served.add(asker);
    return true;
  }

  #newBucket(): Bucket {
    const bucket = new Bucket();
    bucket.limit(this.#perPeerBytesPerSecond);
    return bucket;
  }

  #giveSome(asker: Asker, job: Job, now: Time): void {
    if (job.givenBytes === 0) this.#spreadOf(job.file)?.begin(pieceOf(job), now);
    const { id, file } = job;
    const begin = job.begin + job.givenBytes;
    const biteBytes = Math.max(LEAF_BYTES, Math.min(this.#bucket.biteBytes(), asker.bucket.biteBytes()));
    const length = Math.min(JOB_BYTES, Math.floor(biteBytes), job.length - job.givenBytes);
    this.#bucket.spend(length, now);
    asker.bucket.spend(length, now);
    job.givenBytes += length;
    asker.unsentBytes += length;
    this.#context.emit({ type: "send-blocks", peer: asker.peer, id, file, begin, length });
  }

  /** The job that is begun, or the one whose piece was sent least. */
  #rarestJob(asker: Asker, now: Time): Job | null {
    let rarest: Job | null = null;
    let fewest = Infinity;
    for (const job of asker.jobs.values()) {
      if (job.givenBytes === job.length) continue;
      if (job.givenBytes > 0) return job;
      const spread = this.#spreadOf(job.file);
      if (spread?.waits(asker.peer, pieceOf(job), now)) continue;
      const copies = spread?.copiesOf(pieceOf(job)) ?? 0;
      if (copies >= fewest) continue;
      rarest = job;
      fewest = copies;
    }
    return rarest;
  }

  #spreadOf(file: FileId): Spread | null {
    const known = this.#spreadByFile.get(file);
    if (known) return known;
    const { pieceCount } = geometryOf(lengthOf(file));
    if (pieceCount <= 1) return null;
    const spread = new Spread(pieceCount);
    this.#spreadByFile.set(file, spread);
    return spread;
  }

  #isPlaceStale(): boolean {
    for (const asker of this.#served) if (asker.toldPlace > 0) return true;
    return false;
  }

  #tellPlaces(now: Time): void {
    this.#placesToldAt = now;
    let place = 0;
    for (const asker of this.#served) this.#tellPlace(asker, 0);
    for (const asker of this.#line) this.#tellPlace(asker, ++place);
    this.#placesDueAt = this.#line.size > 0 ? now + PLACES_EVERY_MS : null;
  }

  #tellPlace(asker: Asker, position: number): void {
    if (asker.toldPlace === position) return;
    asker.toldPlace = position;
    this.#context.send(asker.peer, { type: "queue", position });
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #held(file: FileId): Held | null {
    return this.#problemByFile.has(file) ? null : this.#context.held(file);
  }

  #heldFor(peer: PeerId, file: FileId): Held | null {
    return this.#isWithheld(peer, file) ? null : this.#held(file);
  }

  #isWithheld(peer: PeerId, file: FileId): boolean {
    return this.#withheldTold.size > 0 && this.#withheldTold.has(keyOf(peer, file));
  }

  /** Before anything that says that the file is not here for it: so it knows why. */
  #tellWithheld(peer: PeerId, file: FileId, now: Time): void {
    if (!this.#isWithheld(peer, file)) return;
    const toldAt = this.#withheldTold.get(keyOf(peer, file))!;
    if (now - toldAt < WITHHELD_EVERY_MS) return;
    this.#withheldTold.set(keyOf(peer, file), now);
    this.#context.send(peer, { type: "withheld", file, withheld: true });
  }

  /** Why a request will not be answered, or null. */
  #whyNot(asker: Asker, { file, begin, length }: RequestFrame): RejectReason | null {
    if (asker.jobs.size >= MAX_REQUESTS_PER_PEER || asker.askedBytes + length > MAX_ASKED_BYTES) {
      this.#context.refuse(asker.peer, "too-many-requests");
      return "busy";
    }
    const geometry = geometryOf(lengthOf(file));
    if (!isWithinOnePiece(geometry, begin, length)) {
      this.#context.refuse(asker.peer, "bad-request");
      return "not-here";
    }
    const problem = this.#problemByFile.get(file);
    if (problem) return problem;
    const piece = pieceAt(geometry, begin);
    const held = this.#heldFor(asker.peer, file);
    if (!held?.has(piece)) return "not-here";
    return held.isFull && length > LEAF_BYTES && this.#spreadOf(file)?.sendsOn(asker.peer, piece)
      ? "elsewhere"
      : null;
  }

  #reject(asker: Asker, id: number, reason: RejectReason): void {
    this.#context.send(asker.peer, { type: "reject", id, reason });
  }

  #stop(asker: Asker, job: Job, reason: RejectReason): void {
    if (job.givenBytes > job.sentBytes)
      this.#context.emit({ type: "stop-blocks", peer: asker.peer, id: job.id });
    this.#end(asker, job);
    this.#reject(asker, job.id, reason);
  }

  #end(asker: Asker, job: Job): void {
    if (job.givenBytes === 0) this.#spreadOf(job.file)?.takeBack(asker.peer, pieceOf(job));
    asker.jobs.delete(job.id);
    asker.askedBytes -= job.length;
    asker.unsentBytes -= job.givenBytes - job.sentBytes;
  }

  #rejectAll(file: FileId, reason: RejectReason): void {
    for (const asker of this.#askers.values())
      for (const job of asker.jobs.values()) if (job.file === file) this.#stop(asker, job, reason);
  }
}

/** Something that is not yet with the host. Jobs are few, and those with the host are the first of them. */
const hasJob = (asker: Asker): boolean => {
  for (const job of asker.jobs.values()) if (job.givenBytes < job.length) return true;
  return false;
};

const keyOf = (peer: PeerId, file: FileId): string => `${peer} ${file}`;

const pieceOf = ({ file, begin }: Job): number => pieceAt(geometryOf(lengthOf(file)), begin);

const isWithinOnePiece = (geometry: Geometry, begin: number, length: number): boolean => {
  const piece = pieceAt(geometry, begin);
  return (
    piece < geometry.pieceCount && begin + length <= pieceBegin(geometry, piece) + pieceBytes(geometry, piece)
  );
};
