/**
 * Who lied, and the proof of it: found here, or shown by others. The earliest lie of a feed counts, in whatever order
 * they are found out. PROTOCOL.md, rule E9.
 */
import { Bounded } from "../base/bounded.ts";
import { headText, keyOf, signatureOf, type Batch, type FeedName } from "../feed/batch.ts";
import type { Verify } from "./checks.ts";
import type { Feed } from "../feed/feed.ts";
import { forkBetween, forkOf, isExact, type Fork } from "../feed/fork.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Two batches each, 16 MB of the largest. Guess. */
export const MAX_FORKS = 256;
/** Proofs that came before anything else of their authors. Guess. */
const MAX_EARLY = 64;

/** Two say different things, and an earlier batch is awaited that shows since when. */
interface LookBack {
  readonly peer: PeerId;
  /** The batch with the entry before this one was asked for. */
  readonly at: number;
  /** What is proven if nothing earlier comes. */
  readonly fork: Fork;
  /** One that contradicts what is here has come, and is being verified. */
  isChecking: boolean;
  /** Nothing more will come. */
  isEnded: boolean;
}

export interface ProofsContext {
  verify: Verify;
  /** Asks for the batch with the entry before `at`; `ended` when it came, or will not. */
  /** Whether anything of the author is here. */
  isKnown(author: PeerId): boolean;
  lookBack(peer: PeerId, name: FeedName, at: number, ended: () => void, now: Time): void;
  /** A proof that shows an earlier lie than any before. `shownBy`: null when it was found here. */
  proven(fork: Fork, shownBy: PeerId | null): void;
  /** Shown as a proof, and none. */
  disproven(shownBy: PeerId): void;
}

export class Proofs {
  readonly #context: ProofsContext;
  readonly #forkByKey = new Bounded<string, Fork>(MAX_FORKS);
  /** One a feed. */
  readonly #lookBackByKey = new Map<string, LookBack>();
  /** Of authors that are not known here yet. */
  readonly #earlyByKey = new Bounded<string, { readonly fork: Fork; readonly shownBy: PeerId }>(MAX_EARLY);

  constructor(context: ProofsContext) {
    this.#context = context;
  }

  of(name: FeedName): Fork | null {
    return (this.#forkByKey.size > 0 && this.#forkByKey.get(keyOf(name))) || null;
  }

  /** Two say different things of the feed, and it is not known yet since when. */
  isOpen(name: FeedName): boolean {
    return this.#lookBackByKey.size > 0 && this.#lookBackByKey.has(keyOf(name));
  }

  /** A batch that contradicts the feed has come, and is to be verified. */
  arrived(batch: Batch, from: PeerId | null): void {
    const lookBack = this.#awaiting(batch, from);
    if (lookBack) lookBack.isChecking = true;
  }

  /** It has been verified, or was not signed by the author. Had it shown more, `contradicted` would know by now. */
  checked(batch: Batch, from: PeerId | null): void {
    const lookBack = this.#awaiting(batch, from);
    if (!lookBack?.isChecking) return;
    lookBack.isChecking = false;
    if (lookBack.isEnded) this.#proven(lookBack.fork, null);
  }

  /**
   * A verified batch contradicts the feed. When they differ already where it begins, the batch before it, by the one
   * who sent it, tells since when.
   */
  contradicted(feed: Feed, batch: Batch, from: PeerId | null, now: Time): void {
    const fork = forkOf(feed, batch);
    if (!fork) return;
    const key = keyOf(feed);
    const pending = this.#lookBackByKey.get(key);
    if (isExact(fork) || !from || feed.base >= batch.first) return this.#proven(fork, null);
    if (pending && pending !== this.#awaiting(batch, from)) return;
    const lookBack: LookBack = { peer: from, at: batch.first, fork, isChecking: false, isEnded: false };
    this.#lookBackByKey.set(key, lookBack);
    const ended = (): void => {
      lookBack.isEnded = true;
      if (!lookBack.isChecking && this.#lookBackByKey.get(key) === lookBack) this.#proven(fork, null);
    };
    this.#context.lookBack(from, feed, batch.first, ended, now);
  }

  /** Something of the author has come. */
  appeared(author: PeerId): void {
    for (const [key, { fork, shownBy }] of this.#earlyByKey) {
      if (fork.batches[0].author !== author) continue;
      this.#earlyByKey.delete(key);
      this.#proven(fork, shownBy);
    }
  }

  /** Somebody shows a proof; null: this device kept it. */
  shown(batches: readonly [Batch, Batch], by: PeerId | null): void {
    const fork = forkBetween(...batches);
    const disproven = (): void => (by ? this.#context.disproven(by) : undefined);
    if (!fork) return disproven();
    if (this.#isKnown(fork)) return;
    const { verify } = this.#context;
    const [a, b] = batches;
    verify(a.author, headText(a.head), signatureOf(a), (isFirstValid) =>
      verify(b.author, headText(b.head), signatureOf(b), (isSecondValid) =>
        isFirstValid && isSecondValid ? this.#proven(fork, by) : disproven(),
      ),
    );
  }

  /** What was asked for when this one came: an earlier batch than the one before, from the same neighbour. */
  #awaiting(batch: Batch, from: PeerId | null): LookBack | null {
    const lookBack = this.#lookBackByKey.get(keyOf(batch));
    return lookBack && lookBack.peer === from && batch.first < lookBack.at ? lookBack : null;
  }

  #proven(fork: Fork, shownBy: PeerId | null): void {
    const key = keyOf(fork.batches[0]);
    this.#lookBackByKey.delete(key);
    if (this.#isKnown(fork)) return;
    if (shownBy && !this.#context.isKnown(fork.batches[0].author)) return this.#cameEarly(key, fork, shownBy);
    this.#forkByKey.set(key, fork);
    this.#context.proven(fork, shownBy);
  }

  /** Anybody can invent an author and prove it a liar: that is no news before something of the author is. */
  #cameEarly(key: string, fork: Fork, shownBy: PeerId): void {
    const known = this.#earlyByKey.get(key);
    if (known && known.fork.at <= fork.at) return;
    this.#earlyByKey.set(key, { fork, shownBy });
  }

  #isKnown({ at, batches: [name] }: Fork): boolean {
    const known = this.of(name);
    return known !== null && known.at <= at;
  }
}
