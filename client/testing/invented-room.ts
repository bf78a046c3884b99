/** The feeds of many authors that do not exist: one process makes as many as a large room holds. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Address } from "@swapmeet/shared";
import { bytesToHex, utf8ToBytes } from "@swapmeet/engine/base/bytes";
import { cutIntoBatches, encodeBatch, headOf, headText, NO_ENTRY } from "@swapmeet/engine/feed/batch";
import { encodeEntry, type Entry, type Topic } from "@swapmeet/engine/feed/entry";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import type { InventedFile } from "./invented-files.ts";
import type { SeededRandom } from "./random.ts";

interface Author {
  readonly id: PeerId;
  readonly secretKey: Uint8Array;
}

/** Makes for each author the batches that it would have signed: its presence, and a library with some of the files. */
export function* inventFeeds(
  files: readonly InventedFile[],
  authors: number,
  random: SeededRandom,
): Iterable<Uint8Array[]> {
  for (let author = 0; author < authors; author++) {
    const secretKey = random.bytes(32);
    const by: Author = { id: peerIdOf(ed25519.getPublicKey(secretKey)), secretKey };
    const part = files.slice(
      Math.floor((author * files.length) / authors),
      Math.floor(((author + 1) * files.length) / authors),
    );
    const address = bytesToHex(sha256(utf8ToBytes(by.id))).slice(0, 32) as Address;
    const word: Entry = { type: "profile", name: `Invented ${author + 1}`, address, state: "here" };
    const shares = part.map((file): Entry => ({
      type: "share",
      file: fileIdOf(random.bytes(32), Math.floor(10 ** (3 + 6 * random.next()))),
      ...file,
    }));
    yield [...batchesOf(by, "presence", [word]), ...batchesOf(by, "library", shares)];
  }
}

const batchesOf = ({ id, secretKey }: Author, topic: Topic, entries: readonly Entry[]): Uint8Array[] => {
  const name = { author: id, epoch: 1, topic };
  let previous = NO_ENTRY;
  let first = 0;
  return cutIntoBatches(topic, entries.map(encodeEntry)).map((batch) => {
    const head = headOf(name, first, previous, batch);
    const frame = encodeBatch(name, first, previous, batch, ed25519.sign(headText(head), secretKey));
    previous = head;
    first += batch.length;
    return frame;
  });
};
