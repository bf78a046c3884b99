/** The bounds of everything that others can fill. */
import { describe, expect, test } from "vitest";
import { Archive } from "../../src/gossip/archive.ts";
import { NO_ENTRY, type Batch, type EntryHash } from "../../src/feed/batch.ts";
import type { Topic } from "../../src/feed/entry.ts";
import type { Feed } from "../../src/feed/feed.ts";
import type { PeerId } from "../../src/names/peer-id.ts";

const MiB = 1024 * 1024;
const PAPER = new Uint8Array(32_000);
const MINUTE_MS = 60_000;

const authorAt = (author: number): PeerId => author.toString(16).padStart(64, "0") as PeerId;

/** One entry, as if it were signed. */
const batch = (author: number, topic: Topic, { first = 0, bytes = PAPER.length } = {}): Batch => ({
  author: authorAt(author),
  epoch: 1,
  topic,
  key: `${authorAt(author)} 1 ${topic}`,
  first,
  end: first + 1,
  previous: NO_ENTRY,
  head: `${author}-${first}`.padStart(64, "0") as EntryHash,
  bytes: PAPER.subarray(0, bytes),
});

const newArchive = (): Archive => new Archive(() => {});

/** All feeds in the archive. */
const feedsIn = (archive: Archive): Feed[] => {
  const unlike = archive.summary().map((byte) => byte ^ 0xff);
  return [...archive.unlike(unlike)];
};
const bytesIn = (archive: Archive): number => feedsIn(archive).reduce((sum, { bytes }) => sum + bytes, 0);

describe("[E8] authors", () => {
  test("there is room for the presence of 8,192, and for further entries of these", () => {
    const archive = newArchive();
    for (let author = 0; author < 8_192; author++)
      archive.append(batch(author, "presence", { bytes: 100 }), 0);
    expect(archive.hasRoomFor(batch(8_192, "presence"))).toBe(false);
    expect(archive.hasRoomFor(batch(5, "presence", { first: 1 }))).toBe(true);
    archive.forget(authorAt(5), 0);
    expect(archive.hasRoomFor(batch(8_192, "presence"))).toBe(true);
  });

  test("[E9c] a presence that is frozen before its first word takes no place", () => {
    const archive = newArchive();
    archive.freeze(batch(1, "presence"), 0);
    expect(archive.size).toBe(0);
    archive.append(batch(2, "presence"), 0);
    archive.freeze(batch(2, "presence"), 0);
    expect(archive.size).toBe(0);
  });
});

describe("[E8] libraries", () => {
  test("all together fill 256 MiB at most", () => {
    const archive = newArchive();
    let first = 0;
    for (let author = 0; author < 10; author++) archive.append(batch(author, "presence"), 0);
    for (; archive.hasRoomFor(batch(first % 10, "library")); first++)
      archive.append(batch(first % 10, "library", { first: Math.floor(first / 10) }), 0);
    expect(first * PAPER.length).toBeGreaterThan(255 * MiB);
    expect(first * PAPER.length).toBeLessThanOrEqual(256 * MiB);
  });

  test("[E3b] one that comes before its author's first profile is dropped after a minute without it", () => {
    const archive = newArchive();
    archive.append(batch(1, "library"), 0);
    archive.append(batch(2, "library"), 0);
    archive.append(batch(2, "presence"), MINUTE_MS - 1);
    archive.append(batch(3, "presence"), MINUTE_MS);
    expect(archive.isKnown(authorAt(1))).toBe(false);
    expect(archive.feed(batch(2, "library"))?.length).toBe(1);
  });

  test("[E3b] no more than 256 wait for a first profile", () => {
    const archive = newArchive();
    archive.append(batch(1_000, "presence"), 0);
    for (let author = 0; author < 256; author++) archive.append(batch(author, "library", { bytes: 100 }), 0);
    expect(archive.hasRoomFor(batch(256, "library"))).toBe(false);
    expect(archive.hasRoomFor(batch(255, "library", { first: 1 }))).toBe(true);
    expect(archive.hasRoomFor(batch(1_000, "library"))).toBe(true);
  });
});

describe("[E8a] [E8b] boards", () => {
  test("all together fill 32 MiB at most, and the author with the most bytes loses the oldest post", () => {
    const archive = newArchive();
    for (let first = 0; first < 3; first++) archive.append(batch(1, "board", { first }), 0);
    for (let author = 100; author < 150; author++)
      for (let first = 0; first < 30; first++) {
        archive.append(batch(author, "board", { first }), 0);
        expect(bytesIn(archive)).toBeLessThanOrEqual(32 * MiB);
      }
    expect(bytesIn(archive)).toBeGreaterThan(30 * MiB);
    expect(archive.feed(batch(1, "board"))?.batches).toHaveLength(3);
    const others = feedsIn(archive).filter(({ author }) => author !== authorAt(1));
    for (const { batches, length } of others) expect([batches.at(-1)!.end, length]).toEqual([30, 30]);
  });

  test("8,192 boards that lost all posts are remembered, and are not asked for again", () => {
    const archive = newArchive();
    const full = Math.floor((32 * MiB) / PAPER.length);
    for (let author = 0; author < full + 10_000; author++) archive.append(batch(author, "board"), 0);
    const empty = feedsIn(archive).filter(({ isEmpty }) => isEmpty);
    expect(empty).toHaveLength(8_192);
    for (const { author, floor } of empty) expect([archive.isKnown(author), floor]).toEqual([false, 1]);
  });
});

describe("[E10] a summary", () => {
  /** A batch with a random-looking hash, by an author in a bucket of its own. */
  const word = (author: number, first = 0): Batch => {
    const id = ((author * 40_503) % 65_536).toString(16).padStart(4, "0").padEnd(64, "0") as PeerId;
    const head = `${id.slice(0, 4)}${first}`.repeat(13).slice(0, 64) as EntryHash;
    return { ...batch(author, "presence", { first, bytes: 100 }), author: id, key: `${id} 1 presence`, head };
  };
  const knowing = (authors: number, later: readonly number[] = []): Archive => {
    const archive = newArchive();
    for (let author = 0; author < authors; author++) archive.append(word(author), 0);
    for (const author of later) archive.append(word(author, 1), 0);
    return archive;
  };

  test.each([64, 1024])("with %d buckets is equal for the same feeds, in any order", (buckets) => {
    const archive = knowing(500, [7, 3]);
    expect(archive.summary(buckets)).toHaveLength(8 * buckets);
    expect([...knowing(500, [3, 7]).unlike(archive.summary(buckets))]).toEqual([]);
  });

  test("shows the feeds that differ, and a finer one shows fewer of the others with them", () => {
    const [archive, other] = [knowing(2_000), knowing(2_000, [5, 300, 1_999])];
    const [coarse, fine] = [64, 1024].map((buckets) =>
      [...archive.unlike(other.summary(buckets))].map(({ author }) => author),
    ) as [PeerId[], PeerId[]];
    expect(coarse).toEqual(expect.arrayContaining(fine));
    expect(fine).toEqual(expect.arrayContaining([5, 300, 1_999].map((author) => word(author).author)));
    expect(fine.length).toBeLessThan(20);
    expect(coarse.length).toBeGreaterThan(60);
  });
});
