/**
 * Keeps a heap of gigabytes free of holes. V8 moves a few megabytes together at each collection of the old generation;
 * a room of thousands fills its pages faster than that with what dies soon, and takes almost twice what it needs.
 *
 * To move everything takes seconds for each gigabyte, and room for everything once more: it is done when there are many
 * holes, and as long as the machine has that room.
 */
import { totalmem } from "node:os";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Of what is used, what is taken at most. */
const MOST_TAKEN = 1.3;
/** Of the machine's memory. */
const MOST_SHARE = 0.85;

export class Compaction {
  #usedBytes = 0;

  /** To be called now and then. Holes show right after a collection; the next one moves things together. */
  look(): void {
    const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space");
    if (!old) return;
    const { space_used_size: used, space_size: taken } = old;
    const hasCollected = used < this.#usedBytes;
    this.#usedBytes = used;
    if (!hasCollected) return;
    const compacts = taken > MOST_TAKEN * used && taken + used < MOST_SHARE * totalmem();
    setFlagsFromString(compacts ? "--compact-on-every-full-gc" : "--no-compact-on-every-full-gc");
  }
}
