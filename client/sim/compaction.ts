/**
 * Keeps a heap of gigabytes free of holes. V8 moves a few megabytes together at each collection of the old generation;
 * a room of thousands fills its pages faster than that with what dies soon, and takes almost twice what it needs.
 *
 * Moving everything takes room for everything once more: it is done as long as the machine has that.
 */
import { totalmem } from "node:os";
import { getHeapStatistics, setFlagsFromString } from "node:v8";

/** Of the machine's memory. */
const MOST_SHARE = 0.85;

export class Compaction {
  #isOn = false;
  #usedBytes = 0;
  /** What was left after the last collection of the old generation. */
  #livingBytes = 0;

  /** To be called now and then. */
  look(): void {
    const { used_heap_size: used } = getHeapStatistics();
    if (used < this.#usedBytes) this.#livingBytes = used;
    this.#usedBytes = used;
    const fits = used + this.#livingBytes < MOST_SHARE * totalmem();
    if (fits === this.#isOn) return;
    this.#isOn = fits;
    setFlagsFromString(fits ? "--compact-on-every-full-gc" : "--no-compact-on-every-full-gc");
  }
}
