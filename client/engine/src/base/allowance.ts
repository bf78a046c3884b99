/** What a peer may still do: a token bucket. It saves up to `most`, and is filled by `perSecond`. */
import type { Time } from "./time.ts";

export class Allowance {
  #most: number;
  readonly #perSecond: number;
  #left: number;
  #at: Time | null = null;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
  }

  /** It saves up to `most`, if that is more than before; the difference is there at once. */
  raise(most: number): void {
    if (most <= this.#most) return;
    this.#left += most - this.#most;
    this.#most = most;
  }

  /** Spends `amount`, or nothing when there is less. */
  spend(amount: number, now: Time): boolean {
    this.#fill(now);
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }

  /** What was spent came to nothing. */
  giveBack(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  /** When `amount`, which is at most all it saves, can be spent. */
  readyAt(amount: number, now: Time): Time {
    this.#fill(now);
    // Rounded up: at that time, there is enough whatever the arithmetic of fractions says.
    return now + Math.ceil((Math.max(0, amount - this.#left) * 1000) / this.#perSecond);
  }

  /** So much time passed that `now` does not count. */
  passed(ms: number): void {
    if (this.#at !== null) this.#at -= ms;
  }

  #fill(now: Time): void {
    const earned = ((now - (this.#at ?? now)) * this.#perSecond) / 1000;
    this.#left = Math.min(this.#most, this.#left + earned);
    this.#at = now;
  }
}
