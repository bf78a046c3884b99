/**
 * With whom it is compared what each knows, and when. PROTOCOL.md, rule E10.
 *
 * Who enters a room of thousands has seven new neighbours within a second, and each of them knows everything: asked at
 * once they would say so seven times. One is asked first, the others when it has told what it knows.
 */
import { FINE_SUMMARY_BUCKETS, SUMMARY_BUCKETS } from "./frame.ts";
import type { Time } from "./io.ts";
import type { PeerId } from "./peer-id.ts";

/** From one new neighbour to the next: as long as the first one's answer takes to begin. Guess. */
const COMPARE_EVERY_MS = 500;
/** And longer while something is being fetched; but slow ones, and liars, hold up nobody for longer than this. Guess. */
const COMPARED_WITHIN_MS = 2_000;
/** What was missed although it was told is found by comparing with one neighbour this often. Guess. */
const COMPARE_AGAIN_EVERY_MS = 60_000;
/**
 * Whatever else is in a bucket is told again. Where so many authors are new that most buckets differ, and so many known
 * that there is much in each, a summary of 8 KB saves more than that. Guesses.
 */
const FINE_FROM_AUTHORS = 4 * SUMMARY_BUCKETS;
const FINE_FROM_NEW_AUTHORS = SUMMARY_BUCKETS / 4;

export interface ComparisonsContext {
  /** Tells a neighbour in so many buckets what is known here; `isAnswer`: without asking for the same. */
  tell(peer: PeerId, buckets: number, isAnswer: boolean): void;
  /** Authors known here. */
  authors(): number;
  /** Something that neighbours told of has not come yet. */
  isFetching(): boolean;
  neighbors(): readonly PeerId[];
  /** [0, 1) */
  random(): number;
}

export class Comparisons {
  readonly #context: ComparisonsContext;
  /** Since when, in the order they came. */
  readonly #waiting = new Map<PeerId, Time>();
  #lastAt: Time = -Infinity;
  /** Authors known at the last comparison with a new neighbour. */
  #lastAuthors = 0;
  #againAt: Time = Infinity;

  constructor(context: ComparisonsContext) {
    this.#context = context;
  }

  /** New neighbours whose turn has not come: what is fetched meanwhile they are not told, for then they will be asked. */
  waiting(): IterableIterator<PeerId> {
    return this.#waiting.keys();
  }

  peerUp(peer: PeerId, now: Time): void {
    if (this.#againAt === Infinity) this.#againAt = this.#nextAgain(now);
    if (this.#waiting.size > 0 || now < this.#freeAt()) return void this.#waiting.set(peer, now);
    this.#tell(peer, true, now); // it says by itself what it knows
  }

  peerDown(peer: PeerId): void {
    this.#waiting.delete(peer);
  }

  /** It asked, and was told: nothing was kept from it. */
  told(peer: PeerId): void {
    this.#waiting.delete(peer);
  }

  tick(now: Time): void {
    for (const [next, since] of this.#waiting) {
      if (now < Math.min(this.#freeAt(), since + COMPARED_WITHIN_MS)) break;
      this.#waiting.delete(next);
      this.#tell(next, false, now);
    }
    if (now < this.#againAt) return;
    this.#againAt = this.#nextAgain(now);
    const peers = this.#context.neighbors();
    const peer = peers[Math.floor(this.#context.random() * peers.length)];
    if (peer) this.#context.tell(peer, SUMMARY_BUCKETS, false);
  }

  nextDeadline(): Time {
    const [since] = this.#waiting.values();
    if (since === undefined) return this.#againAt;
    return Math.min(this.#againAt, this.#freeAt(), since + COMPARED_WITHIN_MS);
  }

  /** From when on the next one need not wait for what the last one brings. */
  #freeAt(): Time {
    return this.#context.isFetching() ? Infinity : this.#lastAt + COMPARE_EVERY_MS;
  }

  #tell(peer: PeerId, isAnswer: boolean, now: Time): void {
    const authors = this.#context.authors();
    const isFine = authors >= FINE_FROM_AUTHORS && authors - this.#lastAuthors >= FINE_FROM_NEW_AUTHORS;
    this.#lastAt = now;
    this.#lastAuthors = authors;
    this.#context.tell(peer, isFine ? FINE_SUMMARY_BUCKETS : SUMMARY_BUCKETS, isAnswer);
  }

  #nextAgain(now: Time): Time {
    return now + COMPARE_AGAIN_EVERY_MS * (0.75 + this.#context.random() / 2);
  }
}
