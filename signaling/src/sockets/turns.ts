/** The work of one socket: one piece after another, in the order given, however long each of them waits. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Pieces that are not done yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** `work` handles its own failures: it never rejects. */
  add(work: () => Promise<void>): void {
    this.#waiting++;
    this.#last = this.#last.then(work).then(() => void this.#waiting--);
  }
}
