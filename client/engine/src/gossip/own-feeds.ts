/** What this peer says: cut into batches, and signed one after the other, each onto the one before it. [E1] [E2] */
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
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

interface OwnFeed {
  length: number;
  head: EntryHash;
  /** Entries of batches to come; the first are being signed. */
  readonly unsigned: Uint8Array[][];
}

export interface OwnFeedsContext {
  readonly me: PeerId;
  readonly epoch: number;
  sign(bytes: Uint8Array, then: (signature: Uint8Array, now: Time) => void): void;
}

export class OwnFeeds {
  readonly #context: OwnFeedsContext;
  readonly #signed: (batch: Batch, now: Time) => void;
  readonly #feedByTopic: Readonly<Record<Topic, OwnFeed>> = {
    presence: newOwnFeed(),
    library: newOwnFeed(),
    board: newOwnFeed(),
  };

  constructor(context: OwnFeedsContext, signed: (batch: Batch, now: Time) => void) {
    this.#context = context;
    this.#signed = signed;
  }

  /** @returns the number of the first */
  append(topic: Topic, entries: readonly Entry[]): number {
    const { unsigned, length } = this.#feedByTopic[topic];
    const isSigning = unsigned.length > 0;
    const first = unsigned.reduce((sum, batch) => sum + batch.length, length);
    unsigned.push(...cutIntoBatches(topic, entries.map(encodeEntry)));
    if (!isSigning) this.#sign(topic);
    return first;
  }

  #sign(topic: Topic): void {
    const { me: author, epoch, sign } = this.#context;
    const feed = this.#feedByTopic[topic];
    const [entries] = feed.unsigned;
    if (!entries) return;
    const name = { author, epoch, topic };
    const head = headOf(name, feed.length, feed.head, entries);
    sign(headText(head), (signature, now) => {
      const batch = decodeBatch(encodeBatch(name, feed.length, feed.head, entries, signature));
      if (!batch.ok) throw new Error(`own batch: ${batch.problem}`);
      feed.unsigned.shift();
      feed.length += entries.length;
      feed.head = head;
      this.#signed(batch.value, now);
      this.#sign(topic);
    });
  }
}

const newOwnFeed = (): OwnFeed => ({ length: 0, head: NO_ENTRY, unsigned: [] });
