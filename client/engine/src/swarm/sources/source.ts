/**
 * A linked peer as a source: its open requests, its speed, and the number of bytes that may so be asked for at once.
 * It does not know what the bytes are for.
 */
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Request } from "./request.ts";
import { LEAF_BYTES } from "../../names/file-id.ts";
import { Pace } from "../../base/pace.ts";
import { Rate } from "../../base/rate.ts";
import { MAX_REQUESTS_PER_PEER, SILENT_MS } from "../../wire/limits.ts";

/** The smallest window, also before anything is measured: it fills a fast LAN link for one round trip. Guess. */
export const MIN_WINDOW_BYTES = 512 * 1024;
/** 64 MB/s over 125 ms. A slower link never gets there; a stalled one holds no more. Guess. */
export const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
/**
 * Beyond the round trip a window bridges this much time of a busy page. Measured: with 15 ms a sharer on two busy cores
 * had nothing to send for 7 % of the time, with 60 ms or more for under 1 %.
 */
const BUSY_PAGE_MS = 60;
/** A peer that owes bytes may be silent for this long: a phone switching networks takes a few seconds. Guess. */
export const MIN_STALL_MS = 5000;
/** It may also be silent for the time that it would need for this much at its last rate. */
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
  /** The last request to it: the best next piece is the one behind it. */
  lastAsked: Request | null = null;
  /** True when it had nothing for us at the last look; set back when that may have changed. */
  idle = false;
  /** Whether bytes that it sent were verified. */
  isTrusted = false;
  /** The number of bytes that it sent of verified pieces. */
  verifiedBytes = 0;
  /** The pace of requests to it, under a limit. */
  readonly pace = new Pace();
  #outstandingBytes = 0;
  #restsUntil: Time = 0;
  #quietSince: Time = 0;
  #delayMs = Infinity;
  #mayHelp = true;
  /** Whether it was given up for its silence, and has sent nothing since. */
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

  /** Twice the bandwidth-delay product and a bit more, so that the link is in full use while the rate still grows. */
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

  /** False while it has sent nothing since a request was taken from it: so it does not take the request back. */
  get mayHelp(): boolean {
    return this.#mayHelp;
  }

  rest(now: Time): void {
    this.#restsUntil = now + REST_MS;
  }

  /** It was silent for too long: others are asked for the bytes that it owed. */
  stalled(now: Time): void {
    this.#hasStalled = true;
    this.rest(now);
  }

  /** Whether it owes bytes, or owed some when it was given up, and nothing comes. */
  isSilent(now: Time): boolean {
    return this.#hasStalled || (this.#outstandingBytes > 0 && now - this.#quietSince >= SILENT_MS);
  }

  /** Whether it owes bytes and has been silent for too long. */
  isStalled(now: Time): boolean {
    if (this.#outstandingBytes === 0) return false;
    const rate = this.#rate.lastPerSecond();
    const patienceMs = Math.max(MIN_STALL_MS, rate > 0 ? (STALL_BYTES * 1000) / rate : 0);
    const stallMs = this.place > 0 ? QUEUED_STALL_MS : Math.min(patienceMs, QUEUED_STALL_MS);
    return now - this.#quietSince >= stallMs;
  }

  /** The estimated time until `moreBytes` would be here, if they were asked for now. */
  readyInMs(moreBytes: number, now: Time): number {
    const bytes = this.#outstandingBytes + moreBytes;
    if (bytes === 0) return 0;
    const quietMs = this.#outstandingBytes > 0 ? now - this.#quietSince : 0;
    return quietMs + this.#delayOr(0) + (bytes * 1000) / this.bytesPerSecond();
  }

  /** Whether it sends nothing now: we wait in its queue, or it has been silent for far longer than its delay. */
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
