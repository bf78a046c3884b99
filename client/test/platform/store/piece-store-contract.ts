/**
 * The contract of every piece store, as named cases against a factory: memory runs them under vitest, OPFS and
 * IndexedDB in a real browser.
 */
import {
  HASH_BYTES,
  LEAF_BYTES,
  fileIdOf,
  geometryOf,
  pieceBegin,
  pieceBytes,
} from "@swapmeet/engine/names/file-id";
import { hashAt, pieceHashOf, rootOfLayer } from "@swapmeet/engine/names/merkle";
import { leafHashes, type Bytes } from "../../../src/platform/bytes/leaf-hashes.ts";
import type { PieceStore, PieceStores } from "../../../src/platform/store/piece-store.ts";

/** One place for pieces, seen from two tabs. */
export interface Place {
  readonly stores: PieceStores;
  readonly otherTab: PieceStores;
  /** Flips a byte of a stored piece behind the store's back. */
  damage(file: TestFile, piece: number): Promise<void>;
}
export type TestFile = Awaited<ReturnType<typeof testFile>>;

const NAME = "Grüße 🎈.bin";
const BLOCK_BYTES = 60_000; // no divisor of a piece: the last block of each is shorter

export const contract: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  "[F5] a file put in blocks in any order, piece by piece, comes out whole": async ({ stores }) => {
    const file = await testFile(1, 1_000_000);
    const store = await opened(stores, file);
    same(store.have, Uint8Array.of(0), "held at first");
    for (const piece of [2, 0, 3, 1]) await storePiece(store, file, piece);
    for (const piece of [0, 3]) {
      const begin = pieceBegin(file.geometry, piece) + 5;
      same(valueOf(await store.read(begin, 70_000)), file.bytes.subarray(begin, begin + 70_000), "read");
      same(valueOf(await store.leaves(piece)), file.leaves[piece]!, "leaves");
    }
    same(new Uint8Array(await valueOf(await store.blob()).arrayBuffer()), file.bytes, "blob");
    await store.forget();
  },

  "[F5] two pieces are checked at once, and their buffers are used again": async ({ stores }) => {
    const file = await testFile(2, 3_000_000);
    const store = await opened(stores, file);
    for (let piece = 0; piece < file.geometry.pieceCount; piece += 2)
      await Promise.all(
        [piece, piece + 1].map((p) => p < file.geometry.pieceCount && storePiece(store, file, p)),
      );
    same(new Uint8Array(await valueOf(await store.blob()).arrayBuffer()), file.bytes, "blob");
    await store.forget();
  },

  "[F1] files of 0, 1 and 16,385 bytes": async ({ stores }) => {
    for (const length of [0, 1, 16_385]) {
      const file = await testFile(3, length);
      const store = await opened(stores, file);
      if (length > 0) await storePiece(store, file, 0);
      same(new Uint8Array(await valueOf(await store.blob()).arrayBuffer()), file.bytes, "blob");
      await store.forget();
    }
  },

  "[F4] a corrupt piece is not stored, its leaves are told, and its good blocks are still there": async ({
    stores,
  }) => {
    const file = await testFile(4, 600_000);
    const store = await opened(stores, file);
    putPiece(store, file, 1);
    const begin = pieceBegin(file.geometry, 1);
    const bad = file.bytes.slice(begin, begin + LEAF_BYTES);
    bad[7]! ^= 1;
    store.put(begin, bad);
    const checked = valueOf(await store.check(1, hashAt(file.layer, 1)));
    if (checked.type !== "corrupt") throw new Error("a corrupt piece was stored");
    equal(checked.leaves.length, file.leaves[1]!.length, "leaves told");
    same(checked.leaves.subarray(HASH_BYTES), file.leaves[1]!.subarray(HASH_BYTES), "good leaves");
    same(checked.leaves.subarray(0, HASH_BYTES), await leafHashes(bad), "the bad leaf");
    equal((await store.read(begin, 10)).ok, false, "read of the corrupt piece");

    await storePiece(store, file, 0); // in another buffer
    store.put(begin, file.bytes.subarray(begin, begin + LEAF_BYTES));
    equal(valueOf(await store.check(1, hashAt(file.layer, 1))).type, "stored", "after the right block");
    await store.forget();
  },

  "[F4] a dropped piece starts anew, also when it was dropped during its check": async ({ stores }) => {
    const file = await testFile(5, 300_000);
    const store = await opened(stores, file);
    store.put(0, new Uint8Array(1000).fill(1));
    store.drop(0);
    store.put(0, new Uint8Array(1000).fill(2));
    const checking = store.check(0, hashAt(file.layer, 0));
    store.drop(0);
    equal(valueOf(await checking).type, "corrupt", "half a piece");
    const again = await store.check(0, hashAt(file.layer, 0)).then(
      () => "checked",
      () => "nothing there",
    );
    equal(again, "nothing there", "after the drop");
    await storePiece(store, file, 0);
    await store.forget();
  },

  "[F8] nothing comes out that is not held: no read, no leaves, no blob": async ({ stores }) => {
    const file = await testFile(6, 600_000);
    const store = await opened(stores, file);
    await storePiece(store, file, 2); // piece 1 is a hole in front of it
    equal((await store.read(pieceBegin(file.geometry, 1), 1)).ok, false, "read");
    equal((await store.leaves(1)).ok, false, "leaves");
    equal((await store.blob()).ok, false, "blob");
    await store.forget();
  },

  "[F8] pieces that verify against a layer of another file make no blob": async ({ stores }) => {
    const file = await testFile(7, 300_000);
    const other = await testFile(8, 300_000);
    const store = await opened(stores, file);
    await storePiece(store, file, 0);
    putPiece(store, other, 1);
    equal(valueOf(await store.check(1, hashAt(other.layer, 1))).type, "stored", "by the hash that was given");
    equal((await store.blob()).ok, false, "blob");
    await store.forget();
  },

  "[F7a] a later life finds what was stored, with the layer and without": async ({ stores }) => {
    const file = await testFile(9, 1_000_000);
    const first = await opened(stores, file);
    await storePiece(first, file, 1);
    await storePiece(first, file, 3);
    putPiece(first, file, 0); // never checked: lost
    await first.close();
    for (const layer of [new Uint8Array(), file.layer]) {
      let verified = 0;
      const store = valueOf(await stores.open(file.id, NAME, layer, (bytes) => (verified += bytes)));
      same(store.have, Uint8Array.of(0b0101_0000), "held");
      same(valueOf(await store.leaves(3)), file.leaves[3]!, "leaves");
      await settled(() => verified === pieceBytes(file.geometry, 1) + pieceBytes(file.geometry, 3));
      await store.close();
    }
    valueOf(await stores.forget(file.id));
  },

  "[F7] a damaged piece is dropped when the file is opened, and can be fetched again": async (place) => {
    const file = await testFile(10, 600_000);
    const first = await opened(place.stores, file);
    for (const piece of [0, 1, 2]) await storePiece(first, file, piece);
    await first.close();
    await place.damage(file, 1);
    const store = await opened(place.stores, file);
    same(store.have, Uint8Array.of(0b1010_0000), "held");
    await storePiece(store, file, 1);
    same(new Uint8Array(await valueOf(await store.blob()).arrayBuffer()), file.bytes, "blob");
    await store.forget();
  },

  "[F6] a second tab is told that the file is in use, and gets it after the first closes": async (place) => {
    const file = await testFile(11, 600_000);
    const first = await opened(place.stores, file);
    await storePiece(first, file, 0);
    for (const stores of [place.otherTab, place.stores]) {
      const refused = await stores.open(file.id, NAME, file.layer);
      equal(refused.ok ? "opened" : refused.problem.kind, "in-use", "second opener");
      const kept = await place.otherTab.forget(file.id);
      if (stores === place.otherTab)
        equal(kept.ok ? "forgotten" : kept.problem.kind, "in-use", "second forgetter");
    }
    await first.close();
    const second = await opened(place.otherTab, file);
    same(second.have, Uint8Array.of(0b1000_0000), "held");
    await second.forget();
  },

  "[F6] [F6a] a whole file can be read by a second tab beside its holder, who alone may delete it": async (
    place,
  ) => {
    const file = await testFile(15, 600_000);
    const first = await opened(place.stores, file);
    for (const piece of [0, 1, 2]) await storePiece(first, file, piece);
    equal(await place.otherTab.canOpen(file.id, NAME), true, "can be opened");
    const second = valueOf(await place.otherTab.open(file.id, NAME, new Uint8Array()));
    same(second.have, Uint8Array.of(0b1110_0000), "held");
    same(new Uint8Array(await valueOf(await second.blob()).arrayBuffer()), file.bytes, "blob");
    same(valueOf(await second.read(5, 1000)), file.bytes.subarray(5, 1005), "read");
    await second.forget();
    same(valueOf(await first.read(5, 1000)), file.bytes.subarray(5, 1005), "read by the holder");
    await first.forget();
  },

  "[F7a] the layer is kept for later lives, and a false one takes no place of it": async ({ stores }) => {
    const file = await testFile(16, 600_000);
    const other = await testFile(17, 600_000);
    const first = await opened(stores, file);
    await storePiece(first, file, 1);
    await first.close();
    const second = valueOf(await stores.open(file.id, NAME, new Uint8Array()));
    same(second.layer, file.layer, "layer");
    await second.close();
    await valueOf(await stores.open(file.id, NAME, other.layer)).close();
    const third = valueOf(await stores.open(file.id, NAME, new Uint8Array()));
    same(third.layer, file.layer, "layer, after one that does not make the root");
    await third.forget();
  },

  "[F7a] what was whole is opened at once, and a damaged piece is found when it is read": async (place) => {
    const file = await testFile(18, 600_000);
    const first = await opened(place.stores, file);
    await storePiece(first, file, 0);
    await first.close();
    equal(valueOf(await place.stores.openWhole(file.id, NAME)), null, "a part");
    const again = await opened(place.stores, file);
    for (const piece of [1, 2]) await storePiece(again, file, piece);
    await again.close();
    await place.damage(file, 1);
    const whole = valueOf(await place.stores.openWhole(file.id, NAME));
    if (!whole) throw new Error("not whole");
    same(whole.layer, file.layer, "layer");
    same(valueOf(await whole.read(0, 1000)), file.bytes.subarray(0, 1000), "a sound piece");
    equal((await whole.read(pieceBegin(file.geometry, 1), 1)).ok, false, "the damaged piece");
    equal((await whole.blob()).ok, false, "blob");
    await whole.forget();
  },

  "[F7a] what earlier lives left is listed by name and size, and can be forgotten": async ({ stores }) => {
    const file = await testFile(12, 600_000);
    const store = await opened(stores, file);
    await storePiece(store, file, 2);
    await store.close();
    const listed = async () => valueOf(await stores.list()).find((stored) => stored.file === file.id);
    equal((await listed())?.name, NAME, "name");
    equal((await listed())?.bytes, pieceBytes(file.geometry, 2), "bytes");
    valueOf(await stores.forget(file.id));
    equal(await listed(), undefined, "after forgetting");
  },

  "closing twice is harmless, and a closed store answers with a problem": async ({ stores }) => {
    const file = await testFile(13, 1000);
    const store = await opened(stores, file);
    await storePiece(store, file, 0);
    await store.close();
    await store.close();
    equal((await store.read(0, 1)).ok, false, "read after close");
    valueOf(await stores.forget(file.id));
  },
};

/** For a place that has room for one MiB and not for two. */
export const fullPlace = async (stores: PieceStores): Promise<void> => {
  const file = await testFile(14, 8 * 1024 * 1024);
  const store = await opened(stores, file);
  let piece = 0;
  const check = async () => {
    const checked = await store.check(piece, hashAt(file.layer, piece));
    return checked.ok ? checked.value.type : checked.problem.kind;
  };
  for (; piece < file.geometry.pieceCount; piece++) {
    putPiece(store, file, piece);
    if ((await check()) === "full") break;
  }
  equal(await check(), "full", "the bytes are there to try again, the room is not");
  equal(piece > 0, true, "some of it fitted");
  same(valueOf(await store.read(0, 1000)), file.bytes.subarray(0, 1000), "what was stored before");
  equal((await store.read(pieceBegin(file.geometry, piece), 1)).ok, false, "the piece that did not fit");
  await store.forget();
};

/** A place whose disk can be full from one moment on, and have room again. */
export interface FillingPlace {
  readonly stores: PieceStores;
  fill(isFull: boolean): unknown;
}

/** Which of its four pieces finds no room: the first, one in the middle, the last. */
export const FULL_AT: readonly (readonly [which: string, piece: number])[] = [
  ["first", 0],
  ["middle", 1],
  ["last", 3],
];

/** The piece that finds no room is never claimed, stored pieces stay, and with room again the file is whole. */
export const fullAt = async ({ stores, fill }: FillingPlace, full: number): Promise<void> => {
  const file = await testFile(20 + full, 1_000_000);
  let store = await opened(stores, file);
  const check = async (piece: number) => {
    const checked = await store.check(piece, hashAt(file.layer, piece));
    return checked.ok ? checked.value.type : checked.problem.kind;
  };
  for (let piece = 0; piece < full; piece++) await storePiece(store, file, piece);
  // Chromium grants room ahead to a file that is open, and takes back the unused room.
  await store.close();
  store = await opened(stores, file);

  await fill(true);
  putPiece(store, file, full);
  equal(await check(full), "full", "no room");
  equal(await check(full), "full", "the bytes are there to try again, the room is not");
  equal((await store.read(pieceBegin(file.geometry, full), 1)).ok, false, "read of what found no room");
  equal((await store.blob()).ok, false, "blob");
  if (full > 0)
    same(valueOf(await store.read(0, 1000)), file.bytes.subarray(0, 1000), "what was stored before");

  await fill(false);
  equal(await check(full), "stored", "with room again");
  await store.close();
  const later = await opened(stores, file);
  same(later.have, Uint8Array.of(0xff00 >> (full + 1)), "held by the next life");
  for (let piece = full + 1; piece < file.geometry.pieceCount; piece++) await storePiece(later, file, piece);
  same(new Uint8Array(await valueOf(await later.blob()).arrayBuffer()), file.bytes, "blob");
  await later.forget();
};

/** As `fullAt`, but the tab that found no room ends there: the next one finds the claimed pieces, and no others. */
export const fullUntilTheNextLife = async ({ stores, fill }: FillingPlace, full: number): Promise<void> => {
  const file = await testFile(30 + full, 1_000_000);
  const before = await opened(stores, file);
  for (let piece = 0; piece < full; piece++) await storePiece(before, file, piece);
  await before.close();
  const store = await opened(stores, file);
  await fill(true);
  putPiece(store, file, full);
  equal((await store.check(full, hashAt(file.layer, full))).ok, false, "no room");
  await store.close();
  await fill(false);
  const later = await opened(stores, file);
  same(later.have, Uint8Array.of(0xff00 >> full), "held by the next life");
  await later.forget();
};

export const testFile = async (seed: number, length: number) => {
  const bytes = noise(seed, length);
  const geometry = geometryOf(length);
  const leaves: Bytes[] = [];
  const layer = new Uint8Array(geometry.pieceCount * HASH_BYTES);
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    const begin = pieceBegin(geometry, piece);
    leaves.push(await leafHashes(bytes.subarray(begin, begin + pieceBytes(geometry, piece))));
    layer.set(pieceHashOf(leaves[piece]!, geometry, piece), piece * HASH_BYTES);
  }
  return { id: fileIdOf(rootOfLayer(layer, geometry), length), bytes, geometry, leaves, layer };
};

/** xorshift32: the same bytes in every browser. */
const noise = (seed: number, length: number): Bytes => {
  const bytes = new Uint8Array(length);
  let x = seed * 2_654_435_761;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
};

const opened = async (stores: PieceStores, file: TestFile): Promise<PieceStore> =>
  valueOf(await stores.open(file.id, NAME, file.geometry.pieceCount > 1 ? file.layer : new Uint8Array()));

const putPiece = (store: PieceStore, file: TestFile, piece: number): void => {
  const begin = pieceBegin(file.geometry, piece);
  const end = begin + pieceBytes(file.geometry, piece);
  const blocks: number[] = [];
  for (let at = begin; at < end; at += BLOCK_BYTES) blocks.unshift(at);
  for (const at of blocks) store.put(at, file.bytes.slice(at, Math.min(at + BLOCK_BYTES, end)));
};

export const storePiece = async (store: PieceStore, file: TestFile, piece: number): Promise<void> => {
  putPiece(store, file, piece);
  equal(valueOf(await store.check(piece, hashAt(file.layer, piece))).type, "stored", `piece ${piece}`);
};

/** Only a message that never comes takes so long. */
const HANG_MS = 60_000;

/** Progress arrives as messages of its own, behind the answer. */
const settled = async (condition: () => boolean): Promise<void> => {
  const until = performance.now() + HANG_MS;
  while (!condition()) {
    if (performance.now() > until) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve));
  }
};

const valueOf = <Value>(result: { ok: true; value: Value } | { ok: false; problem: unknown }): Value => {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.problem)}`);
  return result.value;
};

const equal = (actual: unknown, expected: unknown, what: string): void => {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
};

const same = (actual: Uint8Array, expected: Uint8Array, what: string): void => {
  equal(actual.length, expected.length, `${what}, length`);
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  if (at >= 0) throw new Error(`${what}: differs at ${at}`);
};
