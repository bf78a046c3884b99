/**
 * Batches whose signatures are being checked. All checks run at once; the batches of each feed are taken in the order
 * in which they came. The checks themselves are made elsewhere.
 */
import { keyOf, type Batch, type FeedName } from "../feed/batch.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Enough for eight neighbours that each send an answer at the same time. */
const MAX_CHECKS = 8_192;
const MAX_CHECKED_BYTES = 16 * 1024 * 1024;

/** How a batch came: written here, kept by this device, pushed by a neighbour, asked for as late news, or asked for. */
export type Way = "own" | "restored" | "pushed" | "late" | "fetched";

export interface Arrival {
  readonly batch: Batch;
  readonly from: PeerId | null;
  readonly way: Way;
}

export interface Check {
  readonly arrival: Arrival;
  /** Null: the check is under way. */
  isValid: boolean | null;
}

export class Checks {
  readonly #checksByKey = new Map<string, Check[]>();
  /** A set, because thousands of batches of one feed can be under way. */
  readonly #underWay = new Set<string>();
  #count = 0;
  #bytes = 0;

  /** Whether this batch is being checked, or only others of its feed, or none. */
  has(batch: Batch): "it" | "others" | "none" {
    if (!this.#checksByKey.has(keyOf(batch))) return "none";
    return this.#underWay.has(nameInFeed(batch)) ? "it" : "others";
  }

  isUnderWay(name: FeedName): boolean {
    return this.#checksByKey.has(keyOf(name));
  }

  get areMany(): boolean {
    return this.#count >= MAX_CHECKS || this.#bytes >= MAX_CHECKED_BYTES;
  }

  add(arrival: Arrival): Check {
    const { batch } = arrival;
    const key = keyOf(batch);
    const check: Check = { arrival, isValid: null };
    const waiting = this.#checksByKey.get(key);
    if (waiting) waiting.push(check);
    else this.#checksByKey.set(key, [check]);
    this.#underWay.add(nameInFeed(batch));
    this.#count++;
    this.#bytes += batch.bytes.length;
    return check;
  }

  /** A check has ended. @returns the checks that are done with it, in order: each waits for all that came before it. */
  *answered(check: Check, isValid: boolean): Iterable<Check> {
    check.isValid = isValid;
    const key = keyOf(check.arrival.batch);
    const checks = this.#checksByKey.get(key) ?? [];
    for (let next = checks[0]; next && next.isValid !== null; next = checks[0]) {
      checks.shift();
      this.#underWay.delete(nameInFeed(next.arrival.batch));
      this.#count--;
      this.#bytes -= next.arrival.batch.bytes.length;
      if (checks.length === 0) this.#checksByKey.delete(key);
      yield next;
    }
  }
}

/** The hash of the last entry covers the feed, and all entries before it. */
const nameInFeed = ({ first, head }: Batch): string => `${first} ${head}`;
