/** The work of one socket: one piece after another, in the order given, however long each of them waits. */
export class Turns {
  readonly #failed: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** `failed` hears of work that rejects; the next piece has its turn all the same. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Pieces that are not done yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when the work is done, or has failed. */
  add(work: () => Promise<void>): Promise<void> {
    this.#waiting++;
    this.#last = this.#last
      .then(work)
      .catch(this.#failed)
      .then(() => void this.#waiting--);
    return this.#last;
  }
}
