/** The speed of a download, only to be shown: no decision depends on it. */
import { Rate } from "../../base/rate.ts";
import { SILENT_MS } from "../../wire/limits.ts";
import { STANDSTILL_BYTES_PER_SECOND, type DownloadView } from "../../io/view.ts";
import type { Time } from "../../base/time.ts";

/** How far back the shown speed looks. */
const SHOWN_RATE_MEMORY_MS = 3000;
/** Longer times are not shown, because nobody waits for so long. Guess. */
const MAX_SECONDS_LEFT = 10 * 24 * 60 * 60;

export class Progress {
  readonly #rate = new Rate(SHOWN_RATE_MEMORY_MS);
  #lastBlockAt: Time = -Infinity;

  block(bytes: number, now: Time): void {
    this.#rate.add(bytes, now);
    this.#lastBlockAt = now;
  }

  /** Whether nothing came for a while. [S4a] */
  isSilent(now: Time): boolean {
    return now - this.#lastBlockAt >= SILENT_MS;
  }

  /** `isComing`: the phase is one in which bytes come. */
  speed(
    isComing: boolean,
    bytesLeft: number,
    now: Time,
  ): Pick<DownloadView, "bytesPerSecond" | "secondsLeft"> {
    const bytesPerSecond = isComing ? this.#rate.perSecond(now) : 0;
    return { bytesPerSecond, secondsLeft: secondsFor(bytesLeft, bytesPerSecond) };
  }
}

const secondsFor = (bytes: number, bytesPerSecond: number): number | null => {
  if (bytesPerSecond < STANDSTILL_BYTES_PER_SECOND) return null;
  const seconds = bytes / bytesPerSecond;
  return seconds <= MAX_SECONDS_LEFT ? seconds : null;
};
