/**
 * Flushes of one file, each for all that was written before it: a disk takes about as long for one piece as for ten.
 * A writer asks for the next one and goes on when it is done; while one is under way, others wait for theirs.
 */
import { breathe } from "../workers/breath.ts";

export class Flushes {
  readonly #flush: () => unknown;
  #next: Promise<void> | null = null;

  /** `flush` may return a promise, and may fail: then all that waited for it fail with it. */
  constructor(flush: () => unknown) {
    this.#flush = flush;
  }

  /** Resolves when everything that was written before the call is on disk. */
  soon(): Promise<void> {
    return (this.#next ??= this.#run());
  }

  async #run(): Promise<void> {
    await breathe();
    this.#next = null;
    await this.#flush();
  }
}
