/**
 * What keeps a heap of many gigabytes usable. Measured with 5,000 peers in 14 GB, where V8's own ways took most of the
 * time: a collection of everything for every 64 MB of new buffers, and pages half full of holes.
 */
import { Buffer } from "node:buffer";
import { totalmem } from "node:os";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const SLAB_BYTES = 4 * 1024 * 1024;
/** Larger ones have a buffer of their own. */
const MAX_SLICE_BYTES = 128 * 1024;
/** Of what is used, what is taken at most. */
const MOST_TAKEN = 1.3;
/** Of the machine's memory. */
const MOST_SHARE = 0.85;
/** Of what is used, what may be taken beyond it before V8 collects. Left to itself it would be up to three times as much. */
const MOST_GROWTH_PERCENT = 100;
const LEAST_GROWTH_PERCENT = 25;

let areUncounted = false;

/**
 * From now on buffers that are not zeroed, as encoders take them, lie in shared memory. V8 does not count that, and so
 * collects when its heap has grown and not sooner.
 */
export const leaveBuffersUncounted = (): void => {
  if (areUncounted) return;
  areUncounted = true;
  const allocUnsafe = Buffer.allocUnsafe;
  let slab = new SharedArrayBuffer(SLAB_BYTES);
  let at = 0;
  Buffer.allocUnsafe = (size) => {
    if (size > MAX_SLICE_BYTES) return allocUnsafe(size) as Buffer<ArrayBuffer>;
    if (at + size > slab.byteLength) [slab, at] = [new SharedArrayBuffer(SLAB_BYTES), 0];
    const slice = Buffer.from(slab, at, size);
    at += Math.ceil(size / 8) * 8;
    return slice as Buffer as Buffer<ArrayBuffer>;
  };
};

/**
 * V8 moves a few megabytes together at each collection of the old generation; a room of thousands fills its pages faster
 * than that with what dies soon, and takes almost twice what it needs. To move everything takes seconds for each
 * gigabyte, and room for everything once more: it is done when there are many holes, and while there is that room. And V8
 * lets a heap grow to three times what is used before it collects, whether the machine has that or not: here to what fits.
 */
export class HeapWatch {
  #usedBytes = 0;

  /** To be called now and then. Holes show right after a collection; the next one moves things together. */
  look(): void {
    const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space");
    if (!old) return;
    const { space_used_size: used, space_size: taken } = old;
    const hasCollected = used < this.#usedBytes;
    this.#usedBytes = used;
    if (!hasCollected) return;
    const most = MOST_SHARE * totalmem();
    const compacts = taken > MOST_TAKEN * used && taken + used < most;
    setFlagsFromString(compacts ? "--compact-on-every-full-gc" : "--no-compact-on-every-full-gc");
    const growth = Math.round(100 * (most / used - 1));
    const percent = Math.min(MOST_GROWTH_PERCENT, Math.max(LEAST_GROWTH_PERCENT, growth));
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  }
}
