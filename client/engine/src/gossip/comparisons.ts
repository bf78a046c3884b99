/**
 * Decides with which neighbours this peer compares its knowledge, and when. PROTOCOL.md, rule E10.
 *
 * A peer that enters a room of thousands has seven new neighbours within a second, and each of them knows everything.
 * If all were asked at once, everything would be told seven times. So one is asked first, and the others after it.
 */
import { FINE_SUMMARY_BUCKETS, SUMMARY_BUCKETS } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** From one new neighbour to the next: as long as the first one's answer takes to begin. Guess. */
const COMPARE_EVERY_MS = 500;
/** While something is being fetched the next one waits longer, but no longer than this: the source may lie. Guess. */
const WAITS_AT_MOST_MS = 2_000;
/** Finds entries that were missed although they were told: this often one neighbour is compared with. Guess. */
const COMPARE_AGAIN_EVERY_MS = 60_000;
/**
 * When a bucket differs, everything in it is told again. With so many new authors that most buckets differ, and so many
 * known ones that each bucket holds much, a summary of 8 KB saves more than it costs. Guesses.
 */
const FINE_FROM_AUTHORS = 4 * SUMMARY_BUCKETS;
const FINE_FROM_NEW_AUTHORS = SUMMARY_BUCKETS / 4;

/** A summary in so many buckets is to go to this neighbour; `isAnswer`: it need not answer with its own. */
export interface Comparison {
  readonly peer: PeerId;
  readonly buckets: number;
  readonly isAnswer: boolean;
}

export interface ComparisonsView {
  /** The number of authors that are known here. */
  authors(): number;
  /** Whether feeds that neighbours told of have not come yet. */
  isFetching(): boolean;
  neighbors(): readonly PeerId[];
}

export class Comparisons {
  readonly #view: ComparisonsView;
  readonly #random: () => number;
  /** Neighbours that were asked for their summary and have not sent it yet. */
  readonly #asked = new Set<PeerId>();
  /** New neighbours whose turn has not come, in the order they came, with the time when they came. */
  readonly #waiting = new Map<PeerId, Time>();
  #lastAt: Time = -Infinity;
  /** How many authors were known at the last comparison with a new neighbour. */
  #lastAuthors = 0;
  #againAt: Time = Infinity;

  /** @param random [0, 1) */
  constructor(view: ComparisonsView, random: () => number) {
    this.#view = view;
    this.#random = random;
  }

  /** New neighbours whose turn has not come. They get no notices of fetched feeds: their comparison will show them. */
  waiting(): IterableIterator<PeerId> {
    return this.#waiting.keys();
  }

  /** A new neighbour. Null: its turn has not come. */
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
   * A neighbour has sent its summary, and is being told the heads that it lacks. If it asked for ours, it need not wait
   * for its turn any more.
   * @returns whether our summary is to be sent: not when we have asked, for then this is the answer to it.
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

  /** When the turn of the first waiting neighbour comes. */
  #nextAt(): Time {
    const [since] = this.#waiting.values();
    if (since === undefined) return Infinity;
    return Math.max(this.#lastAt + COMPARE_EVERY_MS, this.#view.isFetching() ? since + WAITS_AT_MOST_MS : 0);
  }

  /** The comparison with a new neighbour whose turn has come. */
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
