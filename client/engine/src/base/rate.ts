/** How fast bytes go, as an exponentially weighted mean: no list of samples, and it falls by itself when they stop. */
import type { Time } from "./time.ts";

/** A younger rate says more about the moment than about the link. Guess. */
const MIN_AGE_MS = 200;

export class Rate {
  readonly #memoryMs: number;
  #weightedBytes = 0;
  #since: Time | null = null;
  #lastAt: Time = 0;

  /** `memoryMs`: how far back it looks, as the mean's time constant. */
  constructor(memoryMs: number) {
    this.#memoryMs = memoryMs;
  }

  add(bytes: number, now: Time): void {
    if (this.#since === null || now - this.#lastAt > 5 * this.#memoryMs) {
      this.#since = now;
      this.#weightedBytes = 0;
    }
    this.#weightedBytes = this.#weightedBytes * this.#left(now - this.#lastAt) + bytes;
    this.#lastAt = now;
  }

  perSecond(now: Time): number {
    if (this.#since === null) return 0;
    const age = Math.max(now - this.#since, MIN_AGE_MS);
    const weightMs = this.#memoryMs * (1 - this.#left(age));
    return (this.#weightedBytes * this.#left(now - this.#lastAt) * 1000) / weightMs;
  }

  /** The rate at the time when the last bytes came. */
  lastPerSecond(): number {
    return this.perSecond(this.#lastAt);
  }

  #left(ms: number): number {
    return Math.exp(-ms / this.#memoryMs);
  }
}
