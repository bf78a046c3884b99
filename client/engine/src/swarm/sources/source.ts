/**
 * A linked peer as a source: what it has been asked for, how fast it answers, and so how much may be asked at once.
 * It does not know what the bytes are for.
 */
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Request } from "./request.ts";
import { LEAF_BYTES } from "../../names/file-id.ts";
import { Pace } from "../../base/pace.ts";
import { Rate } from "../../base/rate.ts";
import { MAX_REQUESTS_PER_PEER, SILENT_MS } from "../../wire/limits.ts";

/** The window before anything is measured, and always: a fast LAN link fills in one round trip. Guess. */
export const MIN_WINDOW_BYTES = 512 * 1024;
/** 64 MB/s over 125 ms. A slower link never gets there; a stalled one holds no more. Guess. */
export const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
/** Beyond its round trip a window bridges this much of a busy page. Measured: with 15 ms a sharer on two busy cores had nothing to send for 7 % of the time, with 60 or more for under 1 %. */
const BUSY_PAGE_MS = 60;
/** A peer that owes bytes may be silent for this long: a phone switching networks takes a few seconds. Guess. */
export const MIN_STALL_MS = 5000;
/** And as long as it would need for this much at the rate it had. */
const STALL_BYTES = 512 * 1024;
/** A peer that told us our place in its queue may be silent for longer. */
const QUEUED_STALL_MS = 60_000;
/** How long a stalled or busy peer is left alone. */
const REST_MS = 2000;
/** A peer is thought to be this fast before it has sent anything. Guess. */
const ASSUMED_BYTES_PER_SECOND = 1024 * 1024;

export class Source {
  readonly peer: PeerId;
  readonly requests = new Map<number, Request>();
  /** Our place in its upload queue as it last told, 0 while served. */
  place = 0;
  /** The last thing that it was asked for: the next piece is best the one behind it. */
  lastAsked: Request | null = null;
  /** It had nothing for us when last looked at; set back when that may have changed. */
  idle = false;
  /** Something that it sent was verified. */
  isTrusted = false;
  /** Bytes that it sent of pieces that were verified. */
  verifiedBytes = 0;
  /** When it may be asked for more, under a limit. */
  readonly pace = new Pace();
  #outstandingBytes = 0;
  #restsUntil: Time = 0;
  #quietSince: Time = 0;
  #delayMs = Infinity;
  #mayHelp = true;
  /** It was given up for its silence, and has sent nothing since. */
  #hasStalled = false;
  readonly #rate = new Rate(1000);

  constructor(peer: PeerId) {
    this.peer = peer;
  }

  hasRoom(now: Time): boolean {
    return (
      now >= this.#restsUntil &&
      this.requests.size < MAX_REQUESTS_PER_PEER &&
      this.#outstandingBytes < this.windowBytes()
    );
  }

  /** Twice the bandwidth-delay product and a bit, so that the pipe is full while the rate is still growing. */
  windowBytes(): number {
    const delayMs = Number.isFinite(this.#delayMs) ? this.#delayMs : 0;
    const bytes = (this.#rate.lastPerSecond() * (2 * delayMs + BUSY_PAGE_MS)) / 1000;
    return Math.min(Math.max(bytes, MIN_WINDOW_BYTES), MAX_WINDOW_BYTES);
  }

  asked(request: Request, now: Time): void {
    if (this.#outstandingBytes === 0) this.#quietSince = now;
    this.requests.set(request.id, request);
    this.lastAsked = request;
    this.#outstandingBytes += request.length;
  }

  /** Bytes came. Called before they are counted in the request. */
  arrived(request: Request, bytes: number, now: Time): void {
    if (request.received === 0) this.#delayMs = Math.min(this.#delayMs, now - request.sentAt);
    if (!request.cancelled) this.#outstandingBytes -= bytes;
    this.#rate.add(bytes, now);
    this.#quietSince = now;
    this.#restsUntil = 0;
    this.#mayHelp = true;
    this.#hasStalled = false;
    this.place = 0;
  }

  /** The request is given up; the peer still owes an answer, and the rest of its bytes is not counted any more. */
  gaveUp(request: Request): void {
    if (this.#quietSince <= request.sentAt) this.#mayHelp = false;
    this.#outstandingBytes -= request.length - request.received;
  }

  answered(request: Request): void {
    this.requests.delete(request.id);
  }

  /** False while it has sent nothing since a request was taken from it: or a silent one would take it back for ever. */
  get mayHelp(): boolean {
    return this.#mayHelp;
  }

  rest(now: Time): void {
    this.#restsUntil = now + REST_MS;
  }

  /** It was silent for too long, and what it owed is asked of others. */
  stalled(now: Time): void {
    this.#hasStalled = true;
    this.rest(now);
  }

  /** It owes bytes, or did when it was given up, and nothing comes. */
  isSilent(now: Time): boolean {
    return this.#hasStalled || (this.#outstandingBytes > 0 && now - this.#quietSince >= SILENT_MS);
  }

  /** It owes bytes and has been silent for too long. */
  isStalled(now: Time): boolean {
    if (this.#outstandingBytes === 0) return false;
    const rate = this.#rate.lastPerSecond();
    const patienceMs = Math.max(MIN_STALL_MS, rate > 0 ? (STALL_BYTES * 1000) / rate : 0);
    const stallMs = this.place > 0 ? QUEUED_STALL_MS : Math.min(patienceMs, QUEUED_STALL_MS);
    return now - this.#quietSince >= stallMs;
  }

  /** When `moreBytes`, asked now, would be here, as far as one can tell. */
  readyInMs(moreBytes: number, now: Time): number {
    const bytes = this.#outstandingBytes + moreBytes;
    if (bytes === 0) return 0;
    const quietMs = this.#outstandingBytes > 0 ? now - this.#quietSince : 0;
    return quietMs + this.#delayOr(0) + (bytes * 1000) / this.bytesPerSecond();
  }

  /** It sends nothing at the moment: we wait in its queue, or it has been silent for far longer than its delay. */
  isQuiet(now: Time): boolean {
    return this.place > 0 || now - this.#quietSince > 500 + 4 * this.#delayOr(500);
  }

  bytesPerSecond(): number {
    const rate = this.#rate.lastPerSecond();
    return rate > 0 ? Math.max(rate, LEAF_BYTES) : ASSUMED_BYTES_PER_SECOND;
  }

  #delayOr(unknownMs: number): number {
    return Number.isFinite(this.#delayMs) ? this.#delayMs : unknownMs;
  }
}
