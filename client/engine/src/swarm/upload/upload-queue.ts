/**
 * Requests that are to be answered with bytes, and whose turn it is. A few peers are served at a time, so that a piece
 * is complete somewhere soon and can be passed on; everyone who asks gets turns of equal bytes (deficit round robin:
 * Shreedhar, Varghese 1995), so that nobody starves. PROTOCOL.md, rules S13 to S15 and S18.
 *
 * It does not know what may be served to whom (upload.ts).
 */
import { Bucket } from "../../base/pace.ts";
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
/** What a peer gets before it is the next one's turn. Guess. */
const TURN_BYTES = 1024 * 1024;
/** Given to the host and not yet sent, per peer: with all slots taken 4 MiB wait in memory. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** One job of the host: reading big is several times as fast as reading small, and a turn is a few jobs. */
const JOB_BYTES = 256 * 1024;
/** Asked by one peer and not yet answered: its largest window and one piece of the largest kind, with room. [S13] */
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
interface Asker {
  readonly peer: PeerId;
  readonly jobs: Map<number, Job>;
  askedBytes: number;
  unsentBytes: number;
  /** What is left of its turn. */
  turnBytes: number;
  toldPlace: number;
  /** It has had its first request: one of a leaf does not wait in line, so that strangers learn whom to trust. [S14] */
  isGreeted: boolean;
  readonly bucket: Bucket;
}

export class UploadQueue {
  readonly #events: Events<UploadEvent>;
  readonly #askerByPeer = new Map<PeerId, Asker>();
  readonly #served = new Set<Asker>();
  readonly #line = new Set<Asker>();
  readonly #spreadByFile = new Map<FileId, Spread>();
  readonly #bucket = new Bucket();
  #perPeerBytesPerSecond: number | null = null;
  /** A limit lets something out again. */
  #paceDueAt: Time | null = null;
  #placesDueAt: Time | null = null;
  #placesToldAt: Time = -PLACES_EVERY_MS;

  constructor(events: Events<UploadEvent>) {
    this.#events = events;
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  peerUp(peer: PeerId): void {
    const bucket = new Bucket();
    bucket.limit(this.#perPeerBytesPerSecond);
    this.#askerByPeer.set(peer, {
      peer,
      jobs: new Map(),
      askedBytes: 0,
      unsentBytes: 0,
      turnBytes: 0,
      toldPlace: 0,
      isGreeted: false,
      bucket,
    });
  }

  peerDown(peer: PeerId): void {
    const asker = this.#askerByPeer.get(peer);
    if (!asker) return;
    this.#askerByPeer.delete(peer);
    this.#served.delete(asker);
    this.#line.delete(asker);
    for (const spread of this.#spreadByFile.values()) spread.peerDown(peer);
    for (const job of asker.jobs.values()) this.#stopBlocks(asker, job);
  }

  has(peer: PeerId): boolean {
    return this.#askerByPeer.has(peer);
  }

  /** It asks for this file now; without one: for any. */
  isAsking(peer: PeerId, file?: FileId): boolean {
    for (const job of this.#askerByPeer.get(peer)?.jobs.values() ?? [])
      if (file === undefined || job.file === file) return true;
    return false;
  }

  /** Others have their turn first. */
  isInLine(peer: PeerId): boolean {
    const asker = this.#askerByPeer.get(peer);
    return asker !== undefined && this.#line.has(asker);
  }

  /** In all, and to each peer; null for no limit. [S18] */
  limit(bytesPerSecond: number | null, perPeerBytesPerSecond: number | null): void {
    this.#bucket.limit(bytesPerSecond);
    this.#perPeerBytesPerSecond = perPeerBytesPerSecond;
    for (const { bucket } of this.#askerByPeer.values()) bucket.limit(perPeerBytesPerSecond);
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  hasJob(peer: PeerId, id: number): boolean {
    return this.#askerByPeer.get(peer)?.jobs.has(id) ?? false;
  }

  /** It may ask for so many bytes more. [S13] */
  hasRoom(peer: PeerId, bytes: number): boolean {
    const asker = this.#askerByPeer.get(peer);
    if (!asker) return false;
    return asker.jobs.size < MAX_REQUESTS_PER_PEER && asker.askedBytes + bytes <= MAX_ASKED_BYTES;
  }

  /** Whether this peer should ask others for the piece, who are getting it from here. Said once to each. [S15] */
  sendsOn(peer: PeerId, file: FileId, piece: number): boolean {
    return this.#spreadOf(file)?.sendsOn(peer, piece) ?? false;
  }

  /** It will be answered. */
  add(peer: PeerId, { id, file, begin, length }: RequestFrame, now: Time): void {
    const asker = this.#askerByPeer.get(peer);
    if (!asker) return;
    const job: Job = { id, file, begin, length, givenBytes: 0, sentBytes: 0 };
    this.#spreadOf(file)?.promise(peer, pieceOf(job));
    asker.jobs.set(id, job);
    asker.askedBytes += length;
    if (!asker.isGreeted && length <= LEAF_BYTES) this.#giveSome(asker, job, now);
    asker.isGreeted = true;
    if (!this.#served.has(asker)) this.#line.add(asker);
    this.serve(now);
  }

  /** The last byte and a cancel may have crossed: then there is nothing to reject. */
  reject(peer: PeerId, id: number, reason: RejectReason): void {
    const asker = this.#askerByPeer.get(peer);
    const job = asker?.jobs.get(id);
    if (asker && job) this.#reject(asker, job, reason);
  }

  /** All requests for a file are rejected: of this peer, or of everyone. */
  rejectAll(file: FileId, reason: RejectReason, of?: PeerId): void {
    for (const asker of this.#askerByPeer.values()) {
      if (of !== undefined && asker.peer !== of) continue;
      for (const job of asker.jobs.values()) if (job.file === file) this.#reject(asker, job, reason);
    }
  }

  /** How far the file has spread does not count any more. */
  forget(file: FileId): void {
    this.#spreadByFile.delete(file);
  }

  /** `bytes` of the answer have left. @returns the file; null: the answer was stopped meanwhile. */
  sent(peer: PeerId, id: number, bytes: number): FileId | null {
    const asker = this.#askerByPeer.get(peer);
    const job = asker?.jobs.get(id);
    if (!asker || !job) return null;
    job.sentBytes += bytes;
    asker.unsentBytes -= bytes;
    asker.turnBytes -= bytes;
    if (job.sentBytes === job.length) this.#end(asker, job);
    return job.file;
  }

  // -- turns ---------------------------------------------------------------------------------------------------------

  /** Fills the slots from the line, and gives every served peer its due. */
  serve(now: Time): void {
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

  tick(now: Time): void {
    const isPaced = this.#paceDueAt !== null && now >= this.#paceDueAt;
    const isTelling = this.#placesDueAt !== null && now >= this.#placesDueAt;
    if (isTelling) this.#tellPlaces(now);
    if (isPaced || isTelling) this.serve(now); // what waited for first copies may not wait any more
  }

  nextDeadline(): Time | null {
    return earliest(this.#placesDueAt, this.#paceDueAt);
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

  /** Whether the limits let something out; one that is let through is the last to be looked at next time. */
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
    const output = { type: "send-blocks", peer: asker.peer, id, file, begin, length } as const;
    this.#events.push({ type: "output", output });
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
    this.#events.push({ type: "send", to: asker.peer, frame: { type: "queue", position } });
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #reject(asker: Asker, job: Job, reason: RejectReason): void {
    this.#stopBlocks(asker, job);
    this.#end(asker, job);
    this.#events.push({ type: "send", to: asker.peer, frame: { type: "reject", id: job.id, reason } });
  }

  #stopBlocks({ peer }: Asker, { id, givenBytes, sentBytes }: Job): void {
    if (givenBytes > sentBytes)
      this.#events.push({ type: "output", output: { type: "stop-blocks", peer, id } });
  }

  #end(asker: Asker, job: Job): void {
    if (job.givenBytes === 0) this.#spreadOf(job.file)?.takeBack(asker.peer, pieceOf(job));
    asker.jobs.delete(job.id);
    asker.askedBytes -= job.length;
    asker.unsentBytes -= job.givenBytes - job.sentBytes;
  }
}

/** Something that is not yet with the host. Jobs are few, and those with the host are the first of them. */
const hasJob = (asker: Asker): boolean => {
  for (const job of asker.jobs.values()) if (job.givenBytes < job.length) return true;
  return false;
};

const pieceOf = ({ file, begin }: Job): number => pieceAt(geometryOf(lengthOf(file)), begin);
