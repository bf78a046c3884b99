/**
 * Flushes of one file, each for all that was written before it: a disk takes about as long for one piece as for ten.
 * Who has written asks for the next one and goes on when it is done; while one keeps the worker, others wait for theirs.
 */
import { breathe } from "../workers/breath.ts";

export class Flushes {
  readonly #flush: () => void;
  #next: Promise<void> | null = null;

  /** `flush` may throw: then all that waited for it fail with it. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** What is written by now is on disk when this resolves. */
  soon(): Promise<void> {
    return (this.#next ??= this.#run());
  }

  async #run(): Promise<void> {
    await breathe();
    this.#next = null;
    this.#flush();
  }
}
