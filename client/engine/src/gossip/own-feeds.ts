/** This peer's entries, cut into batches that are signed one after the other, each onto the one before it. [E1] [E2] */
import {
  cutIntoBatches,
  decodeBatch,
  encodeBatch,
  headOf,
  headText,
  NO_ENTRY,
  type Batch,
  type EntryHash,
} from "../feed/batch.ts";
import { encodeEntry, type Entry, type Topic } from "../feed/entry.ts";
import type { PeerId } from "../names/peer-id.ts";

interface OwnFeed {
  length: number;
  head: EntryHash;
  /** The entries of batches that are not signed yet; the first batch is being signed. */
  readonly unsigned: Uint8Array[][];
}

/** The bytes that are to be signed, and the batch that the signature makes of them. */
export interface Unsigned {
  readonly bytes: Uint8Array;
  readonly signed: (signature: Uint8Array) => Batch;
}

export class OwnFeeds {
  readonly #me: PeerId;
  readonly #epoch: number;
  readonly #feedByTopic: Readonly<Record<Topic, OwnFeed>> = {
    presence: newOwnFeed(),
    library: newOwnFeed(),
    board: newOwnFeed(),
  };

  constructor(me: PeerId, epoch: number) {
    this.#me = me;
    this.#epoch = epoch;
  }

  /** @returns whether nothing waited for a signature before: then the caller begins to sign. */
  append(topic: Topic, entries: readonly Entry[]): boolean {
    const { unsigned } = this.#feedByTopic[topic];
    const wasEmpty = unsigned.length === 0;
    unsigned.push(...cutIntoBatches(topic, entries.map(encodeEntry)));
    return wasEmpty;
  }

  /** The next batch to be signed; null: none is left. */
  next(topic: Topic): Unsigned | null {
    const feed = this.#feedByTopic[topic];
    const [entries] = feed.unsigned;
    if (!entries) return null;
    const name = { author: this.#me, epoch: this.#epoch, topic };
    const head = headOf(name, feed.length, feed.head, entries);
    const signed = (signature: Uint8Array): Batch => {
      const batch = decodeBatch(encodeBatch(name, feed.length, feed.head, entries, signature));
      if (!batch.ok) throw new Error(`own batch: ${batch.problem}`);
      feed.unsigned.shift();
      feed.length += entries.length;
      feed.head = head;
      return batch.value;
    };
    return { bytes: headText(head), signed };
  }
}

const newOwnFeed = (): OwnFeed => ({ length: 0, head: NO_ENTRY, unsigned: [] });
