/** A token bucket that says how much a peer may still do. It saves up to `most`, and is filled by `perSecond`. */
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

  /** Makes it save up to `most`, if that is more than before; the difference can be spent at once. */
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

  /** Takes back an amount that was spent in vain. */
  giveBack(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  /** When `amount`, which is at most all it saves, can be spent. */
  readyAt(amount: number, now: Time): Time {
    this.#fill(now);
    // Rounded up, so that rounding errors never leave less than `amount` at that time.
    return now + Math.ceil((Math.max(0, amount - this.#left) * 1000) / this.#perSecond);
  }

  /** Tells that `ms` milliseconds passed that `now` does not count. */
  passed(ms: number): void {
    if (this.#at !== null) this.#at -= ms;
  }

  #fill(now: Time): void {
    const earned = ((now - (this.#at ?? now)) * this.#perSecond) / 1000;
    this.#left = Math.min(this.#most, this.#left + earned);
    this.#at = now;
  }
}
