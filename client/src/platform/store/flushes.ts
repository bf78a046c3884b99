/**
 * Flushes of one file, each for all bytes written before it: a disk takes about as long for one piece as for ten. A
 * writer asks for the next flush and goes on when it is done; writes during a flush wait for another one.
 */
import { breathe } from "../workers/breath.ts";

export class Flushes {
  readonly #flush: () => unknown;
  #next: Promise<void> | null = null;

  /** `flush` may return a promise, and may fail: then all writers that waited for it fail too. */
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
