/**
 * Token buckets. Not rate-limiter-flexible: that one has fixed windows, a timer per key and reads the clock itself;
 * here the clock is passed in, an answer is a boolean, and the number of keys is bounded.
 */
import { MAX_BUCKETS, type Rate } from "./limits.ts";

export class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes one token, or says that there is none. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** A full bucket holds no memory of its owner and can be forgotten. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens === this.#rate.burst;
  }

  #fill(nowMs: number): void {
    const gained = ((nowMs - this.#filledAtMs) / 1_000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#filledAtMs = nowMs;
  }
}

/** A bucket per key. When too many keys are busy, a new key is refused: forged sources cannot grow the map. */
export class Buckets {
  readonly #rate: Rate;
  readonly #maxKeys: number;
  readonly #bucketByKey = new Map<string, Bucket>();
  #sweptAtMs = -Infinity;

  constructor(rate: Rate, maxKeys = MAX_BUCKETS) {
    this.#rate = rate;
    this.#maxKeys = maxKeys;
  }

  take(key: string, nowMs: number): boolean {
    const known = this.#bucketByKey.get(key);
    if (known) return known.take(nowMs);
    if (this.#bucketByKey.size >= this.#maxKeys) this.#sweep(nowMs);
    if (this.#bucketByKey.size >= this.#maxKeys) return false;
    const bucket = new Bucket(this.#rate, nowMs);
    this.#bucketByKey.set(key, bucket);
    return bucket.take(nowMs);
  }

  /** At most once a second, so that a full map does not make every refusal a walk over it. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < 1_000) return;
    this.#sweptAtMs = nowMs;
    for (const [key, bucket] of this.#bucketByKey) if (bucket.isFull(nowMs)) this.#bucketByKey.delete(key);
  }
}
