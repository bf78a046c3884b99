/**
 * Proofs that an author lied: found here, or shown by others. The earliest lie of a feed counts, in whatever order
 * they are found out. PROTOCOL.md, rule E9.
 */
import { Bounded } from "../base/bounded.ts";
import { keyOf, type Batch, type FeedName } from "../feed/batch.ts";
import type { Feed } from "../feed/feed.ts";
import { forkBetween, forkOf, isExact, type Fork } from "../feed/fork.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Two batches each, 16 MB of the largest. Guess. */
export const MAX_FORKS = 256;
/** Proofs that came before anything else of their authors. Guess. */
const MAX_EARLY = 64;

/** Two say different things, and an earlier batch is awaited that shows since when. */
export interface LookBack {
  readonly peer: PeerId;
  /** The batch with the entry before this one is asked for. */
  readonly at: number;
  /** The lie that is proven if nothing earlier comes. */
  readonly fork: Fork;
  /** One that contradicts what is here has come, and is being verified. */
  isChecking: boolean;
  /** Nothing more will come. */
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
  /** One a feed. */
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
  checked(batch: Batch, from: PeerId | null): Proof | null {
    const lookBack = this.#awaiting(batch, from);
    if (!lookBack?.isChecking) return null;
    lookBack.isChecking = false;
    return lookBack.isEnded ? this.#proven(lookBack.fork, null) : null;
  }

  /**
   * A verified batch contradicts the feed. When they differ already where it begins, the batch before it, by the one
   * who sent it, tells since when.
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

  /** Something of the author has come. */
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

  /** Somebody shows what would be a proof, if both are signed. */
  shown(batches: readonly [Batch, Batch]): Fork | "false" | "known" {
    const fork = forkBetween(...batches);
    if (!fork) return "false";
    return this.#isKnown(fork) ? "known" : fork;
  }

  /** Both are signed. `shownBy`: null: this device kept it. */
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

  /** Anybody can invent an author and prove it a liar: that is no news before something of the author is. */
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
