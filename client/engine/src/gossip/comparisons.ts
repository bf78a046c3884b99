/**
 * With whom it is compared what each knows, and when. PROTOCOL.md, rule E10.
 *
 * A peer that enters a room of thousands has seven new neighbours within a second, and each of them knows everything:
 * asked at once they would say so seven times. One is asked first, the others when it has told what it knows.
 */
import { FINE_SUMMARY_BUCKETS, SUMMARY_BUCKETS } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** From one new neighbour to the next: as long as the first one's answer takes to begin. Guess. */
const COMPARE_EVERY_MS = 500;
/** And longer while something is being fetched; but slow ones, and liars, hold up the next for no longer than this. Guess. */
const WAITS_AT_MOST_MS = 2_000;
/** An entry that was missed although it was told is found by comparing with one neighbour this often. Guess. */
const COMPARE_AGAIN_EVERY_MS = 60_000;
/**
 * Whatever else is in a bucket is told again. Where so many authors are new that most buckets differ, and so many known
 * that there is much in each, a summary of 8 KB saves more than that. Guesses.
 */
const FINE_FROM_AUTHORS = 4 * SUMMARY_BUCKETS;
const FINE_FROM_NEW_AUTHORS = SUMMARY_BUCKETS / 4;

/** A neighbour is to be told in so many buckets what is known here; `isAnswer`: without asking for the same. */
export interface Comparison {
  readonly peer: PeerId;
  readonly buckets: number;
  readonly isAnswer: boolean;
}

export interface ComparisonsView {
  /** Authors known here. */
  authors(): number;
  /** Something that neighbours told of has not come yet. */
  isFetching(): boolean;
  neighbors(): readonly PeerId[];
}

export class Comparisons {
  readonly #view: ComparisonsView;
  readonly #random: () => number;
  /** Neighbours that were asked what they know, and have not said it yet. */
  readonly #asked = new Set<PeerId>();
  /** Since when, in the order they came. */
  readonly #waiting = new Map<PeerId, Time>();
  #lastAt: Time = -Infinity;
  /** Authors known at the last comparison with a new neighbour. */
  #lastAuthors = 0;
  #againAt: Time = Infinity;

  /** @param random [0, 1) */
  constructor(view: ComparisonsView, random: () => number) {
    this.#view = view;
    this.#random = random;
  }

  /** New neighbours whose turn has not come: what is fetched meanwhile they are not told, for then they will be asked. */
  waiting(): IterableIterator<PeerId> {
    return this.#waiting.keys();
  }

  /** Null: its turn has not come. */
  peerUp(peer: PeerId, now: Time): Comparison | null {
    if (this.#againAt === Infinity) this.#againAt = this.#nextAgain(now);
    this.#waiting.set(peer, now);
    if (now < this.#nextAt()) return null;
    this.#waiting.delete(peer);
    return this.#compareWith(peer, true, now); // it says by itself what it knows
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

  tick(now: Time): Comparison[] {
    const due: Comparison[] = [];
    if (now >= this.#nextAt()) {
      const [next] = this.#waiting.keys();
      this.#waiting.delete(next!);
      due.push(this.#compareWith(next!, false, now));
    }
    if (now < this.#againAt) return due;
    this.#againAt = this.#nextAgain(now);
    const peers = this.#view.neighbors();
    const peer = peers[Math.floor(this.#random() * peers.length)];
    if (peer) due.push(this.#comparison(peer, SUMMARY_BUCKETS, false));
    return due;
  }

  nextDeadline(): Time {
    return Math.min(this.#againAt, this.#nextAt());
  }

  /** When it is the turn of the first that waits. */
  #nextAt(): Time {
    const [since] = this.#waiting.values();
    if (since === undefined) return Infinity;
    return Math.max(this.#lastAt + COMPARE_EVERY_MS, this.#view.isFetching() ? since + WAITS_AT_MOST_MS : 0);
  }

  /** A new neighbour, whose turn it is. */
  #compareWith(peer: PeerId, isAnswer: boolean, now: Time): Comparison {
    const authors = this.#view.authors();
    const isFine = authors >= FINE_FROM_AUTHORS && authors - this.#lastAuthors >= FINE_FROM_NEW_AUTHORS;
    this.#lastAt = now;
    this.#lastAuthors = authors;
    return this.#comparison(peer, isFine ? FINE_SUMMARY_BUCKETS : SUMMARY_BUCKETS, isAnswer);
  }

  #comparison(peer: PeerId, buckets: number, isAnswer: boolean): Comparison {
    if (!isAnswer) this.#asked.add(peer);
    return { peer, buckets, isAnswer };
  }

  #nextAgain(now: Time): Time {
    return now + COMPARE_AGAIN_EVERY_MS * (0.75 + this.#random() / 2);
  }
}
