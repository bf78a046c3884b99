/**
 * Batches whose signatures are being checked: all at once, and taken in the order in which they came, feed by feed.
 */
import { headText, keyOf, signatureOf, type Batch, type FeedName } from "../feed/batch.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** What eight neighbours send at once, each an answer. */
const MAX_CHECKS = 8_192;
const MAX_CHECKED_BYTES = 16 * 1024 * 1024;

/** How a batch came: from its author here, from this device, pushed by a neighbour, asked for as late news, or asked for. */
export type Way = "own" | "restored" | "pushed" | "late" | "fetched";

export interface Arrival {
  readonly batch: Batch;
  readonly from: PeerId | null;
  readonly way: Way;
}

export type Verify = (
  by: PeerId,
  bytes: Uint8Array,
  signature: Uint8Array,
  then: (valid: boolean, now: Time) => void,
) => void;

export class Checks {
  readonly #verify: Verify;
  readonly #checked: (arrival: Arrival, valid: boolean, now: Time) => void;
  readonly #arrivalsByKey = new Map<string, { readonly arrival: Arrival; valid: boolean | null }[]>();
  /** Looked up, not searched: thousands of one feed can be under way. */
  readonly #underWay = new Set<string>();
  #count = 0;
  #bytes = 0;

  constructor(verify: Verify, checked: (arrival: Arrival, valid: boolean, now: Time) => void) {
    this.#verify = verify;
    this.#checked = checked;
  }

  /** Whether batches of this feed are under way, and this one among them. */
  has(batch: Batch): "it" | "others" | "none" {
    if (!this.#arrivalsByKey.has(keyOf(batch))) return "none";
    return this.#underWay.has(placeOf(batch)) ? "it" : "others";
  }

  isUnderWay(name: FeedName): boolean {
    return this.#arrivalsByKey.has(keyOf(name));
  }

  get areMany(): boolean {
    return this.#count >= MAX_CHECKS || this.#bytes >= MAX_CHECKED_BYTES;
  }

  add(arrival: Arrival): void {
    const { batch } = arrival;
    const key = keyOf(batch);
    const check = { arrival, valid: null as boolean | null };
    const waiting = this.#arrivalsByKey.get(key);
    if (waiting) waiting.push(check);
    else this.#arrivalsByKey.set(key, [check]);
    this.#underWay.add(placeOf(batch));
    this.#count++;
    this.#bytes += batch.bytes.length;
    this.#verify(batch.author, headText(batch.head), signatureOf(batch), (valid, now) => {
      check.valid = valid;
      this.#settle(key, now);
    });
  }

  #settle(key: string, now: Time): void {
    const checks = this.#arrivalsByKey.get(key) ?? [];
    for (let next = checks[0]; next && next.valid !== null; next = checks[0]) {
      checks.shift();
      this.#underWay.delete(placeOf(next.arrival.batch));
      this.#count--;
      this.#bytes -= next.arrival.batch.bytes.length;
      if (checks.length === 0) this.#arrivalsByKey.delete(key);
      this.#checked(next.arrival, next.valid, now);
    }
  }
}

/** The hash of the last entry covers the feed, and all entries before it. */
const placeOf = ({ first, head }: Batch): string => `${first} ${head}`;
