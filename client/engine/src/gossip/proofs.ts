/**
 * Proofs that an author lied, found here or shown by others. The earliest lie of a feed counts, in whatever order lies
 * are found. PROTOCOL.md, rule E9.
 */
import { Bounded } from "../base/bounded.ts";
import { keyOf, type Batch, type FeedName } from "../feed/batch.ts";
import type { Feed } from "../feed/feed.ts";
import { forkBetween, forkOf, isExact, type Fork } from "../feed/fork.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Each proof has two batches: together at most 16 MB. Guess. */
export const MAX_FORKS = 256;
/** Proofs against authors that are not known yet. Guess. */
const MAX_EARLY = 64;

/** Two batches contradict each other, and an earlier batch is awaited that shows where the contradiction begins. */
export interface LookBack {
  readonly peer: PeerId;
  /** The batch with the entry before this one is asked for. */
  readonly at: number;
  /** The fork that counts if no earlier one is found. */
  readonly fork: Fork;
  /** Whether an earlier batch that contradicts the feed has come and is being verified. */
  isChecking: boolean;
  /** Whether the question has ended, so that nothing more will come. */
  isEnded: boolean;
}

/** A proof that shows an earlier lie than any before. `shownBy`: null when it was found here. */
export interface Proof {
  readonly fork: Fork;
  readonly shownBy: PeerId | null;
}

export class Proofs {
  readonly #isKnownAuthor: (author: PeerId) => boolean;
  readonly #forkByKey = new Bounded<string, Fork>(MAX_FORKS);
  /** At most one for each feed. */
  readonly #lookBackByKey = new Map<string, LookBack>();
  /** Proofs against authors that are not known here yet. */
  readonly #earlyByKey = new Bounded<string, { readonly fork: Fork; readonly shownBy: PeerId }>(MAX_EARLY);

  /** @param isKnownAuthor whether anything of the author is here. */
  constructor(isKnownAuthor: (author: PeerId) => boolean) {
    this.#isKnownAuthor = isKnownAuthor;
  }

  of(name: FeedName): Fork | null {
    return (this.#forkByKey.size > 0 && this.#forkByKey.get(keyOf(name))) || null;
  }

  /** Whether two batches of the feed contradict each other, and it is not known yet from where on. */
  isOpen(name: FeedName): boolean {
    return this.#lookBackByKey.size > 0 && this.#lookBackByKey.has(keyOf(name));
  }

  /** A batch that contradicts the feed has come, and is to be verified. */
  arrived(batch: Batch, from: PeerId | null): void {
    const lookBack = this.#awaiting(batch, from);
    if (lookBack) lookBack.isChecking = true;
  }

  /** The check of such a batch has ended. If it proved an earlier fork, `contradicted` has already dealt with it. */
  checked(batch: Batch, from: PeerId | null): Proof | null {
    const lookBack = this.#awaiting(batch, from);
    if (!lookBack?.isChecking) return null;
    lookBack.isChecking = false;
    return lookBack.isEnded ? this.#proven(lookBack.fork, null) : null;
  }

  /**
   * A verified batch contradicts the feed. When the two differ already where the batch begins, its sender is asked for
   * the batch before it, to find where the contradiction begins.
   */
  contradicted(feed: Feed, batch: Batch, from: PeerId | null): Proof | LookBack | null {
    const fork = forkOf(feed, batch);
    if (!fork) return null;
    const pending = this.#lookBackByKey.get(keyOf(feed));
    if (isExact(fork) || !from || feed.base >= batch.first) return this.#proven(fork, null);
    if (pending && pending !== this.#awaiting(batch, from)) return null;
    const lookBack: LookBack = { peer: from, at: batch.first, fork, isChecking: false, isEnded: false };
    this.#lookBackByKey.set(keyOf(feed), lookBack);
    return lookBack;
  }

  /** The batch that was asked for has come, or will not. */
  lookedBack(lookBack: LookBack): Proof | null {
    lookBack.isEnded = true;
    const isCurrent = this.#lookBackByKey.get(keyOf(lookBack.fork.batches[0])) === lookBack;
    return isCurrent && !lookBack.isChecking ? this.#proven(lookBack.fork, null) : null;
  }

  /** The author has become known: proofs against it that came earlier count from now on. */
  appeared(author: PeerId): Proof[] {
    const proofs: Proof[] = [];
    for (const [key, { fork, shownBy }] of this.#earlyByKey) {
      if (fork.batches[0].author !== author) continue;
      this.#earlyByKey.delete(key);
      const proof = this.#proven(fork, shownBy);
      if (proof) proofs.push(proof);
    }
    return proofs;
  }

  /** Somebody shows two batches that would be a proof, if both are signed. */
  shown(batches: readonly [Batch, Batch]): Fork | "false" | "known" {
    const fork = forkBetween(...batches);
    if (!fork) return "false";
    return this.#isKnown(fork) ? "known" : fork;
  }

  /** Both batches of a shown fork are signed. `shownBy`: null when this device kept it. */
  verified(fork: Fork, shownBy: PeerId | null): Proof | null {
    return this.#proven(fork, shownBy);
  }

  /** The look back that this batch answers: an earlier batch than the one before, from the same neighbour. */
  #awaiting(batch: Batch, from: PeerId | null): LookBack | null {
    const lookBack = this.#lookBackByKey.get(keyOf(batch));
    return lookBack && lookBack.peer === from && batch.first < lookBack.at ? lookBack : null;
  }

  #proven(fork: Fork, shownBy: PeerId | null): Proof | null {
    const key = keyOf(fork.batches[0]);
    this.#lookBackByKey.delete(key);
    if (this.#isKnown(fork)) return null;
    if (shownBy && !this.#isKnownAuthor(fork.batches[0].author)) return this.#cameEarly(key, fork, shownBy);
    this.#forkByKey.set(key, fork);
    return { fork, shownBy };
  }

  /** Keeps a proof against an unknown author. Anybody can invent a liar, so it is not passed on before it is known. */
  #cameEarly(key: string, fork: Fork, shownBy: PeerId): null {
    const known = this.#earlyByKey.get(key);
    if (!known || known.fork.at > fork.at) this.#earlyByKey.set(key, { fork, shownBy });
    return null;
  }

  #isKnown({ at, batches: [name] }: Fork): boolean {
    const known = this.of(name);
    return known !== null && known.at <= at;
  }
}
