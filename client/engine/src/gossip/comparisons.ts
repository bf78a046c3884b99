/**
 * With whom it is compared what each knows, and when. PROTOCOL.md, rule E10.
 *
 * Who enters a room of thousands has seven new neighbours within a second, and each of them knows everything: asked at
 * once they would say so seven times. One is asked first, the others when it has told what it knows.
 */
import { FINE_SUMMARY_BUCKETS, SUMMARY_BUCKETS } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** From one new neighbour to the next: as long as the first one's answer takes to begin. Guess. */
const COMPARE_EVERY_MS = 500;
/** And longer while something is being fetched; but slow ones, and liars, hold up the next for no longer than this. Guess. */
const WAITS_AT_MOST_MS = 2_000;
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
  /** Neighbours that were asked what they know, and have not said it yet. */
  readonly #asked = new Set<PeerId>();
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
    this.#waiting.set(peer, now);
    if (now < this.#nextAt()) return;
    this.#waiting.delete(peer);
    this.#compareWith(peer, true, now); // it says by itself what it knows
  }

  peerDown(peer: PeerId): void {
    this.#waiting.delete(peer);
    this.#asked.delete(peer);
  }

  /**
   * A neighbour has said what it knows, and is being told what it lacks: nothing is kept from it any more if it asked.
   * @returns whether it is to be told what is known here, too: not when it was asked, for then it answers that.
   */
  heard(peer: PeerId, isAnswer: boolean, now: Time): boolean {
    const wasAsked = this.#asked.delete(peer);
    if (isAnswer) return false;
    if (this.#waiting.delete(peer)) this.#lastAt = now;
    return !wasAsked;
  }

  tick(now: Time): void {
    if (now >= this.#nextAt()) {
      const [next] = this.#waiting.keys();
      this.#waiting.delete(next!);
      this.#compareWith(next!, false, now);
    }
    if (now < this.#againAt) return;
    this.#againAt = this.#nextAgain(now);
    const peers = this.#context.neighbors();
    const peer = peers[Math.floor(this.#context.random() * peers.length)];
    if (peer) this.#tell(peer, SUMMARY_BUCKETS, false);
  }

  nextDeadline(): Time {
    return Math.min(this.#againAt, this.#nextAt());
  }

  /** When it is the turn of the first that waits. */
  #nextAt(): Time {
    const [since] = this.#waiting.values();
    if (since === undefined) return Infinity;
    return Math.max(
      this.#lastAt + COMPARE_EVERY_MS,
      this.#context.isFetching() ? since + WAITS_AT_MOST_MS : 0,
    );
  }

  /** A new neighbour, whose turn it is. */
  #compareWith(peer: PeerId, isAnswer: boolean, now: Time): void {
    const authors = this.#context.authors();
    const isFine = authors >= FINE_FROM_AUTHORS && authors - this.#lastAuthors >= FINE_FROM_NEW_AUTHORS;
    this.#lastAt = now;
    this.#lastAuthors = authors;
    this.#tell(peer, isFine ? FINE_SUMMARY_BUCKETS : SUMMARY_BUCKETS, isAnswer);
  }

  #tell(peer: PeerId, buckets: number, isAnswer: boolean): void {
    if (!isAnswer) this.#asked.add(peer);
    this.#context.tell(peer, buckets, isAnswer);
  }

  #nextAgain(now: Time): Time {
    return now + COMPARE_AGAIN_EVERY_MS * (0.75 + this.#context.random() / 2);
  }
}
