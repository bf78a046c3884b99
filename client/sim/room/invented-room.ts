/** The feeds of many authors whom nobody ever meets: what a room holds, made by one process. */
import { createHash } from "node:crypto";
import type { Address } from "@swapmeet/shared";
import { cutIntoBatches, encodeBatch, headOf, headText, NO_ENTRY } from "@swapmeet/engine/feed/batch";
import { encodeEntry, type Entry, type Topic } from "@swapmeet/engine/feed/entry";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import type { InventedFile } from "../invented-files.ts";
import type { SeededRandom } from "../random.ts";
import { realSigning, type Signer } from "./signing.ts";

/** For each author the batches that it would have signed: its presence, and a library of its part of the files. */
export function* inventFeeds(
  files: readonly InventedFile[],
  authors: number,
  random: SeededRandom,
): Iterable<Uint8Array[]> {
  for (let author = 0; author < authors; author++) {
    const signer = realSigning.newSigner((length) => random.bytes(length));
    const part = files.slice(
      Math.floor((author * files.length) / authors),
      Math.floor(((author + 1) * files.length) / authors),
    );
    const address = createHash("sha256").update(signer.id).digest("hex").slice(0, 32) as Address;
    const word: Entry = { type: "profile", name: `Invented ${author + 1}`, address, state: "here" };
    const shares = part.map((file): Entry => ({
      type: "share",
      file: fileIdOf(random.bytes(32), Math.floor(10 ** (3 + 6 * random.next()))),
      ...file,
    }));
    yield [...batchesOf(signer, "presence", [word]), ...batchesOf(signer, "library", shares)];
  }
}

const batchesOf = (signer: Signer, topic: Topic, entries: readonly Entry[]): Uint8Array[] => {
  const name = { author: signer.id, epoch: 1, topic };
  let previous = NO_ENTRY;
  let first = 0;
  return cutIntoBatches(topic, entries.map(encodeEntry)).map((batch) => {
    const head = headOf(name, first, previous, batch);
    const frame = encodeBatch(name, first, previous, batch, signer.sign(headText(head)));
    previous = head;
    first += batch.length;
    return frame;
  });
};
