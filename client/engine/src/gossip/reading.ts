/** Reads the entries of a batch. */
import { entriesOf, type Batch } from "../feed/batch.ts";
import { decodeEntry, topicOf, type Entry } from "../feed/entry.ts";

/** Profiles are decoded once for all engines of a simulation. */
const wordByBatch = new WeakMap<Batch, readonly (Entry | null)[]>();

/** Those of entries [from, to) that the batch has. Null: an entry that does not belong into this feed. */
export const readEntries = (batch: Batch, from: number, to: number): readonly (Entry | null)[] => {
  const known = wordByBatch.get(batch);
  if (known && from === batch.first && to >= batch.end) return known;
  const bytes = entriesOf(batch).slice(from - batch.first, Math.max(0, to - batch.first));
  const entries = bytes.map((entry) => readEntry(batch, entry));
  if (batch.topic === "presence" && entries.length === 1) wordByBatch.set(batch, entries);
  return entries;
};

const readEntry = ({ topic }: Batch, bytes: Uint8Array): Entry | null => {
  const entry = decodeEntry(bytes);
  return entry && topicOf(entry) === topic ? entry : null;
};
