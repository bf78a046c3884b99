/** A limit on a rate: bytes spent above it are paid off by waiting. It saves nothing up, so there are no bursts. */
import type { Time } from "./time.ts";

/** Under a limit one bite takes about this long: small enough to look even, large enough to be worth a read. Guess. */
const BITE_MS = 250;

export class Pace {
  /** Null: no limit. */
  bytesPerSecond: number | null = null;
  #freeAt: Time = 0;

  /** When something may be spent again. */
  freeAt(now: Time): Time {
    return this.bytesPerSecond === null ? now : this.#freeAt;
  }

  spend(bytes: number, now: Time): void {
    if (this.bytesPerSecond === null) return;
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes * 1000) / this.bytesPerSecond;
  }

  /** Takes back bytes that were spent in vain. */
  giveBack(bytes: number): void {
    if (this.bytesPerSecond !== null) this.#freeAt -= (bytes * 1000) / this.bytesPerSecond;
  }

  /** A new limit holds from now on, whatever was owed under the old one. */
  limit(bytesPerSecond: number | null): void {
    if (bytesPerSecond === this.bytesPerSecond) return;
    this.bytesPerSecond = bytesPerSecond;
    this.#freeAt = 0;
  }

  biteBytes(): number {
    return this.bytesPerSecond === null ? Infinity : (this.bytesPerSecond * BITE_MS) / 1000;
  }
}
