/** How the process ends: once, in good order, or at once when it is asked again. */

/** Signals this soon after the first are the same wish: npm passes on what the terminal has sent already. Guess. */
export const ONE_PRESS_MS = 500;

export class Ending {
  readonly #exit: () => void;
  readonly #now: () => number;
  #sinceMs: number | undefined;

  constructor(exit: () => void, now: () => number) {
    this.#exit = exit;
    this.#now = now;
  }

  /** Does this work and exits; when it is asked again later, exits without waiting for the work of before. */
  begin(work: () => Promise<void>): void {
    const nowMs = this.#now();
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs;
      void work().finally(this.#exit);
    } else if (nowMs - this.#sinceMs > ONE_PRESS_MS) this.#exit();
  }
}
