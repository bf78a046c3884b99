/**
 * The queue of requests for bytes, in which peers take turns. A few peers are served at a time, so that a piece is soon
 * complete somewhere and can be passed on; all that ask get turns of equal bytes (deficit round robin: Shreedhar,
 * Varghese 1995), so that nobody starves. PROTOCOL.md, rules S13 to S15 and S18.
 *
 * It does not know which requests may be answered (upload.ts).
 */
import { Pace } from "../../base/pace.ts";
import type { Events } from "../../base/events.ts";
import { LEAF_BYTES, geometryOf, lengthOf, pieceAt, type FileId } from "../../names/file-id.ts";
import { MAX_REQUESTS_PER_PEER } from "../../wire/limits.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { RejectReason, RequestFrame } from "../../wire/frame.ts";
import { Spread } from "./spread.ts";
import { earliest, type Time } from "../../base/time.ts";
import type { UploadEvent } from "./event.ts";

/** Peers served at a time. Guess: enough that one slow link leaves the uplink full, few enough that turns come soon. */
const UPLOAD_SLOTS = 4;
/** A peer gets this much before it is the next one's turn. Guess. */
const TURN_BYTES = 1024 * 1024;
/** Bytes given to the host and not sent yet, for each peer: with all slots taken, 4 MiB wait in memory. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** The size of one job of the host: large reads are several times as fast as small ones, and a turn is a few jobs. */
const JOB_BYTES = 256 * 1024;
/** Unanswered bytes of one peer: room for its largest window and one piece of the largest size. [S13] */
const MAX_ASKED_BYTES = 32 * 1024 * 1024;
/** A place in the queue is told at most this often. */
const PLACES_EVERY_MS = 1000;

/** A request that is being answered. */
interface Job {
  readonly id: number;
  readonly file: FileId;
  readonly begin: number;
  readonly length: number;
  givenBytes: number;
  sentBytes: number;
}

/** A linked peer as it asks for bytes. */
interface Requester {
  readonly peer: PeerId;
  readonly jobs: Map<number, Job>;
  askedBytes: number;
  unsentBytes: number;
  /** Bytes left of its turn. */
  turnBytes: number;
  toldPlace: number;
  /** Whether it made its first request, which does not wait in line if it is for one leaf. [S14] */
  isGreeted: boolean;
  readonly pace: Pace;
}

export class UploadQueue {
  readonly #events: Events<UploadEvent>;
  readonly #requesterByPeer = new Map<PeerId, Requester>();
  readonly #served = new Set<Requester>();
  readonly #line = new Set<Requester>();
  readonly #spreadByFile = new Map<FileId, Spread>();
  readonly #pace = new Pace();
  #perPeerBytesPerSecond: number | null = null;
  /** When a limit lets bytes out again. */
  #paceDueAt: Time | null = null;
  #placesDueAt: Time | null = null;
  #placesToldAt: Time = -PLACES_EVERY_MS;

  constructor(events: Events<UploadEvent>) {
    this.#events = events;
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  peerUp(peer: PeerId): void {
    const pace = new Pace();
    pace.limit(this.#perPeerBytesPerSecond);
    this.#requesterByPeer.set(peer, {
      peer,
      jobs: new Map(),
      askedBytes: 0,
      unsentBytes: 0,
      turnBytes: 0,
      toldPlace: 0,
      isGreeted: false,
      pace,
    });
  }

  peerDown(peer: PeerId): void {
    const requester = this.#requesterByPeer.get(peer);
    if (!requester) return;
    this.#requesterByPeer.delete(peer);
    this.#served.delete(requester);
    this.#line.delete(requester);
    for (const spread of this.#spreadByFile.values()) spread.peerDown(peer);
    for (const job of requester.jobs.values()) this.#stopBlocks(requester, job);
  }

  has(peer: PeerId): boolean {
    return this.#requesterByPeer.has(peer);
  }

  /** Whether the peer asks for this file now; without `file`: for any. */
  isAsking(peer: PeerId, file?: FileId): boolean {
    for (const job of this.#requesterByPeer.get(peer)?.jobs.values() ?? [])
      if (file === undefined || job.file === file) return true;
    return false;
  }

  /** Whether the peer waits in line. */
  isInLine(peer: PeerId): boolean {
    const requester = this.#requesterByPeer.get(peer);
    return requester !== undefined && this.#line.has(requester);
  }

  /** Sets the limits over all peers, and for each; null for no limit. [S18] */
  limit(bytesPerSecond: number | null, perPeerBytesPerSecond: number | null): void {
    this.#pace.limit(bytesPerSecond);
    this.#perPeerBytesPerSecond = perPeerBytesPerSecond;
    for (const { pace } of this.#requesterByPeer.values()) pace.limit(perPeerBytesPerSecond);
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  hasJob(peer: PeerId, id: number): boolean {
    return this.#requesterByPeer.get(peer)?.jobs.has(id) ?? false;
  }

  /** Whether the peer may ask for so many bytes more. [S13] */
  hasRoom(peer: PeerId, bytes: number): boolean {
    const requester = this.#requesterByPeer.get(peer);
    if (!requester) return false;
    return requester.jobs.size < MAX_REQUESTS_PER_PEER && requester.askedBytes + bytes <= MAX_ASKED_BYTES;
  }

  /** Whether the peer is to ask another one that is getting the piece from here. Told once for each piece. [S15] */
  sendsOn(peer: PeerId, file: FileId, piece: number): boolean {
    return this.#spreadOf(file)?.sendsOn(peer, piece) ?? false;
  }

  /** Adds a request that will be answered. */
  add(peer: PeerId, { id, file, begin, length }: RequestFrame, now: Time): void {
    const requester = this.#requesterByPeer.get(peer);
    if (!requester) return;
    const job: Job = { id, file, begin, length, givenBytes: 0, sentBytes: 0 };
    this.#spreadOf(file)?.promise(peer, pieceOf(job));
    requester.jobs.set(id, job);
    requester.askedBytes += length;
    if (!requester.isGreeted && length <= LEAF_BYTES) this.#giveSome(requester, job, now);
    requester.isGreeted = true;
    if (!this.#served.has(requester)) this.#line.add(requester);
    this.serve(now);
  }

  /** Rejects a request. If its last byte and a cancel have crossed, there is nothing to reject. */
  reject(peer: PeerId, id: number, reason: RejectReason): void {
    const requester = this.#requesterByPeer.get(peer);
    const job = requester?.jobs.get(id);
    if (requester && job) this.#reject(requester, job, reason);
  }

  /** Rejects all requests for a file, of this peer or of all. */
  rejectAll(file: FileId, reason: RejectReason, of?: PeerId): void {
    for (const requester of this.#requesterByPeer.values()) {
      if (of !== undefined && requester.peer !== of) continue;
      for (const job of requester.jobs.values()) if (job.file === file) this.#reject(requester, job, reason);
    }
  }

  /** Forgets how far the file has spread. */
  forget(file: FileId): void {
    this.#spreadByFile.delete(file);
  }

  /** `bytes` of the answer have left. @returns the file; null: the answer was stopped meanwhile. */
  sent(peer: PeerId, id: number, bytes: number): FileId | null {
    const requester = this.#requesterByPeer.get(peer);
    const job = requester?.jobs.get(id);
    if (!requester || !job) return null;
    job.sentBytes += bytes;
    requester.unsentBytes -= bytes;
    requester.turnBytes -= bytes;
    if (job.sentBytes === job.length) this.#end(requester, job);
    return job.file;
  }

  // -- turns ---------------------------------------------------------------------------------------------------------

  /** Fills the slots from the line, and gives every served peer its due. */
  serve(now: Time): void {
    for (const requester of this.#served) {
      const idle = requester.unsentBytes === 0;
      if (idle && !hasJob(requester)) this.#served.delete(requester);
      else if (
        idle &&
        ((requester.turnBytes <= 0 && this.#line.size > 0) || !this.#rarestJob(requester, now))
      ) {
        this.#served.delete(requester);
        this.#line.add(requester);
      }
    }
    for (const requester of this.#line) {
      if (this.#served.size >= UPLOAD_SLOTS) break;
      if (!hasJob(requester)) {
        this.#line.delete(requester);
        continue;
      }
      if (!this.#rarestJob(requester, now)) continue;
      this.#line.delete(requester);
      requester.turnBytes = TURN_BYTES;
      this.#served.add(requester);
    }
    this.#paceDueAt = null;
    for (const requester of [...this.#served]) this.#give(requester, now);
    if (this.#placesDueAt === null && (this.#line.size > 0 || this.#isPlaceStale()))
      this.#placesDueAt = Math.max(now, this.#placesToldAt + PLACES_EVERY_MS);
  }

  tick(now: Time): void {
    const isPaced = this.#paceDueAt !== null && now >= this.#paceDueAt;
    const isTelling = this.#placesDueAt !== null && now >= this.#placesDueAt;
    if (isTelling) this.#tellPlaces(now);
    if (isPaced || isTelling) this.serve(now); // second copies may not have to wait any more
  }

  nextDeadline(): Time | null {
    return earliest(this.#placesDueAt, this.#paceDueAt);
  }

  /** Hands jobs to the host; while others wait, no more bytes than are left of the turn. */
  #give(requester: Requester, now: Time): void {
    const maxBytes = this.#line.size > 0 ? Math.min(requester.turnBytes, MAX_UNSENT_BYTES) : MAX_UNSENT_BYTES;
    while (requester.unsentBytes < maxBytes) {
      const job = this.#rarestJob(requester, now);
      if (!job || !this.#mayGive(requester, now)) return;
      this.#giveSome(requester, job, now);
    }
  }

  /** Whether the limits let bytes out. A peer whose bytes are let out comes last next time. */
  #mayGive(requester: Requester, now: Time): boolean {
    const freeAt = Math.max(this.#pace.freeAt(now), requester.pace.freeAt(now));
    if (freeAt > now) {
      this.#paceDueAt = Math.min(this.#paceDueAt ?? Infinity, freeAt);
      return false;
    }
    this.#served.delete(requester);
    this.#served.add(requester);
    return true;
  }

  #giveSome(requester: Requester, job: Job, now: Time): void {
    if (job.givenBytes === 0) this.#spreadOf(job.file)?.begin(pieceOf(job), now);
    const { id, file } = job;
    const begin = job.begin + job.givenBytes;
    const biteBytes = Math.max(LEAF_BYTES, Math.min(this.#pace.biteBytes(), requester.pace.biteBytes()));
    const length = Math.min(JOB_BYTES, Math.floor(biteBytes), job.length - job.givenBytes);
    this.#pace.spend(length, now);
    requester.pace.spend(length, now);
    job.givenBytes += length;
    requester.unsentBytes += length;
    const output = { type: "send-blocks", peer: requester.peer, id, file, begin, length } as const;
    this.#events.push({ type: "output", output });
  }

  /** The job that is begun, or the one whose piece was sent least. */
  #rarestJob(requester: Requester, now: Time): Job | null {
    let rarest: Job | null = null;
    let fewest = Infinity;
    for (const job of requester.jobs.values()) {
      if (job.givenBytes === job.length) continue;
      if (job.givenBytes > 0) return job;
      const spread = this.#spreadOf(job.file);
      if (spread?.waits(requester.peer, pieceOf(job), now)) continue;
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
    for (const requester of this.#served) if (requester.toldPlace > 0) return true;
    return false;
  }

  #tellPlaces(now: Time): void {
    this.#placesToldAt = now;
    let place = 0;
    for (const requester of this.#served) this.#tellPlace(requester, 0);
    for (const requester of this.#line) this.#tellPlace(requester, ++place);
    this.#placesDueAt = this.#line.size > 0 ? now + PLACES_EVERY_MS : null;
  }

  #tellPlace(requester: Requester, position: number): void {
    if (requester.toldPlace === position) return;
    requester.toldPlace = position;
    this.#events.push({ type: "send", to: requester.peer, frame: { type: "queue", position } });
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #reject(requester: Requester, job: Job, reason: RejectReason): void {
    this.#stopBlocks(requester, job);
    this.#end(requester, job);
    this.#events.push({ type: "send", to: requester.peer, frame: { type: "reject", id: job.id, reason } });
  }

  #stopBlocks({ peer }: Requester, { id, givenBytes, sentBytes }: Job): void {
    if (givenBytes > sentBytes)
      this.#events.push({ type: "output", output: { type: "stop-blocks", peer, id } });
  }

  #end(requester: Requester, job: Job): void {
    if (job.givenBytes === 0) this.#spreadOf(job.file)?.takeBack(requester.peer, pieceOf(job));
    requester.jobs.delete(job.id);
    requester.askedBytes -= job.length;
    requester.unsentBytes -= job.givenBytes - job.sentBytes;
  }
}

/** Whether some job has bytes that were not given to the host. Jobs are few, and those given come first. */
const hasJob = (requester: Requester): boolean => {
  for (const job of requester.jobs.values()) if (job.givenBytes < job.length) return true;
  return false;
};

const pieceOf = ({ file, begin }: Job): number => pieceAt(geometryOf(lengthOf(file)), begin);
