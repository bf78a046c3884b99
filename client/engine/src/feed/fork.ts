/**
 * The proof of a lie: two signed batches of one feed that differ at the same place. One need not trust the peer that
 * shows it. PROTOCOL.md, rule E9.
 */
import { entriesOf, hashBefore, type Batch } from "./batch.ts";
import { equalBytes } from "../base/bytes.ts";
import type { Feed } from "./feed.ts";

export interface Fork {
  /** The feed counts up to here: the number of the first entry with two versions, 0 when that is unknown. */
  readonly at: number;
  readonly batches: readonly [Batch, Batch];
}

/** The fork that the two batches prove; null: both can be true. It does not check signatures. */
export const forkBetween = (a: Batch, b: Batch): Fork | null => {
  if (a.author !== b.author || a.epoch !== b.epoch || a.topic !== b.topic) return null;
  const first = Math.max(a.first, b.first);
  const end = Math.min(a.end, b.end);
  if (first > end || hashBefore(a, end) === hashBefore(b, end)) return null;
  if (hashBefore(a, first) !== hashBefore(b, first)) return { at: 0, batches: [a, b] };
  const others = entriesOf(b).slice(first - b.first);
  const same = entriesOf(a)
    .slice(first - a.first)
    .findIndex((entry, i) => !equalBytes(entry, others[i] ?? NOTHING));
  return { at: first + same, batches: [a, b] };
};

/** Whether the proof shows the last entry that both versions share: then an earlier batch can't show more. */
export const isExact = ({ at, batches: [a, b] }: Fork): boolean => at >= Math.max(a.first, b.first);

/** The fork that a signed batch proves against the known ones of the feed. */
export const forkOf = (feed: Feed, batch: Batch): Fork | null => {
  for (const known of feed.batches) {
    const fork = forkBetween(known, batch);
    if (fork) return fork;
  }
  return null;
};

const NOTHING = new Uint8Array(0);
