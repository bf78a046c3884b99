/** How much all downloads together may ask for, by memory and by the person's limits. PROTOCOL.md, S7 and S18. */
import { Pace } from "../../base/pace.ts";
import type { Source } from "./source.ts";
import type { Time } from "../../base/time.ts";

/** [S7] Bytes asked for or not yet verified, over all downloads: so much fits into a phone's memory. Guess. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

export class Budget {
  readonly #pace = new Pace();
  #heldBytes = 0;
  /** Whether a request was not made because of #heldBytes. */
  #isShort = false;

  // -- memory --------------------------------------------------------------------------------------------------------

  /** Reserves memory for `bytes` more under assembly. False: there is not enough, and none is taken. */
  reserve(bytes: number): boolean {
    if (this.#heldBytes + bytes > MAX_HELD_BYTES) {
      this.#isShort = true;
      return false;
    }
    this.#heldBytes += bytes;
    return true;
  }

  /** @returns whether something waited for memory. */
  free(bytes: number): boolean {
    const wasShort = this.#isShort;
    this.#heldBytes -= bytes;
    this.#isShort = false;
    return wasShort;
  }

  // -- limits on bytes a second --------------------------------------------------------------------------------------

  /** Null: no limit. */
  limit(bytesPerSecond: number | null): void {
    this.#pace.limit(bytesPerSecond);
  }

  /** When the limits allow a request to this source. */
  freeAt({ pace }: Source, now: Time): Time {
    return Math.max(this.#pace.freeAt(now), pace.freeAt(now));
  }

  /** The most bytes of one request; Infinity without a limit. */
  biteBytes({ pace }: Source): number {
    return Math.min(this.#pace.biteBytes(), pace.biteBytes());
  }

  spend({ pace }: Source, bytes: number, now: Time): void {
    this.#pace.spend(bytes, now);
    pace.spend(bytes, now);
  }

  /** Bytes that were asked for will not come. Undefined: the source is gone. */
  giveBack(source: Source | undefined, bytes: number): void {
    this.#pace.giveBack(bytes);
    source?.pace.giveBack(bytes);
  }
}
