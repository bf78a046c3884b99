/**
 * Keeps a heap of many gigabytes usable. Measured with 5,000 peers in 14 GB: by default V8 took most of the time, with
 * a full collection for every 64 MB of new buffers, and with pages half full of holes.
 */
import { Buffer } from "node:buffer";
import { totalmem } from "node:os";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const SLAB_BYTES = 4 * 1024 * 1024;
/** Larger buffers are not cut from a slab. */
const MAX_SLICE_BYTES = 128 * 1024;
/** The heap may take at most so many times the bytes in use. */
const MOST_TAKEN = 1.3;
/** The heap may take at most this share of the machine's memory. */
const MOST_SHARE = 0.85;
/** How much the heap may grow before V8 collects, in percent of the bytes in use. By default it is up to 300. */
const MOST_GROWTH_PERCENT = 100;
const LEAST_GROWTH_PERCENT = 25;

let areUncounted = false;

/**
 * From now on buffers that are not zeroed, which encoders use, lie in shared memory. V8 does not count that, and so
 * collects only when its heap has grown.
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
 * At each collection of the old generation V8 compacts a few megabytes. A room of thousands leaves holes faster than
 * that, and takes almost twice the memory that it needs. A full compaction takes seconds for each gigabyte, and as much
 * room again: so it is made only when there are many holes and enough room. By default V8 also lets a heap grow to
 * three times the bytes in use before it collects, even beyond the machine's memory; here it grows only as far as fits.
 */
export class HeapWatch {
  #usedBytes = 0;

  /** To be called now and then. Holes are measured right after a collection; the next one compacts the heap. */
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
