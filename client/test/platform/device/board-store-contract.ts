/** The contract of the board's store, as named cases for a real browser: there is no IndexedDB elsewhere. */
import type { RoomTag } from "@swapmeet/shared";
import { openDB } from "idb";
import { BoardStore, type BoardBounds } from "../../../src/platform/device/board-store.ts";

const ROOMY: BoardBounds = { roomBytes: 1_000_000, rooms: 100 };
const tagOf = (name: string) => `${name} ${Math.random()}` as RoomTag;
const frameOf = (text: string) => new TextEncoder().encode(text);

export const boardContract: Readonly<Record<string, () => Promise<void>>> = {
  "[B7] the next life has what was kept, and not what was taken back": async () => {
    const tag = tagOf("lives");
    await life(tag, (store) => {
      for (const name of ["one", "two", "three"]) store.keep(name, frameOf(name));
      store.unkeep("two");
    });
    await life(tag, (store) => {
      store.unkeep("three");
      store.keep("four", frameOf("four"));
      store.unkeep("never kept");
    });
    await life(tag, async (store) => same(await textsIn(store), ["four", "one"]));
  },

  "[B7] what was kept is there to be loaded at once": async () => {
    await life(tagOf("at once"), async (store) => {
      await store.load();
      // Some go into the first transaction, and some wait for it to end.
      for (let n = 0; n < 20; n++) {
        store.keep(`${n}`, frameOf("kept"));
        await Promise.resolve();
      }
      same((await store.load()).length, 20);
      for (let n = 1; n < 20; n++) store.unkeep(`${n}`);
      same(await textsIn(store), ["kept"]);
    });
  },

  "[B7] rooms don't see each other, nor does the store say how to enter one": async () => {
    const [tag, other] = [tagOf("mine"), tagOf("other")];
    await life(tag, (store) => store.keep("key", frameOf("mine")));
    await life(other, (store) => store.keep("key", frameOf("other's")));
    await life(tag, async (store) => same(await textsIn(store), ["mine"]));
    const db = await openDB("swapmeet-board", 1);
    const names = JSON.stringify([await db.getAllKeys("batches"), await db.getAllKeys("rooms")]);
    db.close();
    if (names.includes(tag) || names.includes(other)) throw new Error("the tag is written down");
  },

  "[B7] two tabs keep the same, and each what the other has not": async () => {
    const tag = tagOf("tabs");
    const [one, two] = [new BoardStore(tag, ROOMY), new BoardStore(tag, ROOMY)];
    for (const store of [one, two]) store.keep("both", frameOf("both"));
    one.keep("one", frameOf("one"));
    two.keep("two", frameOf("two"));
    await Promise.all([one.close(), two.close()]);
    await life(tag, async (store) => same(await textsIn(store), ["both", "one", "two"]));
  },

  "[B7] thousands that come at once are all kept": async () => {
    const tag = tagOf("many");
    await life(tag, (store) => {
      for (let n = 0; n < 5_000; n++) store.keep(`${n}`, frameOf(`${n}`));
    });
    await life(tag, async (store) => same((await store.load()).length, 5_000));
  },

  "[B7] of a frame in a larger buffer only the frame is kept, as it was": async () => {
    const tag = tagOf("views");
    const buffer = new Uint8Array(100_000);
    await life(tag, (store) => {
      buffer.set(frameOf("inside"), 500);
      store.keep("key", buffer.subarray(500, 506));
      buffer.fill(0);
    });
    await life(tag, async (store) => {
      const [frame] = await store.load();
      same(new TextDecoder().decode(frame), "inside");
      same(frame!.buffer.byteLength, 6);
    });
  },

  "[B7] beyond its bound a room's oldest are let go when it is entered": async () => {
    const tag = tagOf("bound");
    const bounds = { ...ROOMY, roomBytes: 250 };
    for (const name of ["first", "second", "third"]) {
      await life(tag, (store) => store.keep(name, frameOf(name.padEnd(100))), ROOMY);
      await nextMillisecond();
    }
    await life(tag, async (store) => same(await textsIn(store), ["second", "third"]), bounds);
    await life(tag, async (store) => same(await textsIn(store), ["second", "third"]), ROOMY);
  },

  "[B7] the rooms that were visited longest ago make room": async () => {
    const tags = ["a", "b", "c"].map(tagOf);
    const bounds = { ...ROOMY, rooms: 3 };
    for (const tag of tags) {
      await life(tag, (store) => store.keep("key", frameOf("kept")));
      await nextMillisecond();
    }
    await life(tags[0]!, () => undefined);
    await nextMillisecond();
    await life(tagOf("d"), () => undefined, bounds);
    const left: number[] = [];
    for (const tag of tags) await life(tag, async (store) => void left.push((await store.load()).length));
    same(left, [1, 0, 1]);
  },
};

const life = async (
  tag: RoomTag,
  lived: (store: BoardStore) => unknown,
  bounds: BoardBounds = ROOMY,
): Promise<void> => {
  const store = new BoardStore(tag, bounds);
  await lived(store);
  await store.close();
};

const textsIn = async (store: BoardStore): Promise<string[]> =>
  (await store.load()).map((frame) => new TextDecoder().decode(frame).trim()).sort();

/** Batches that are kept in the same millisecond have no order. */
const nextMillisecond = async (): Promise<void> => {
  for (const now = Date.now(); Date.now() === now;) await Promise.resolve();
};

const same = (actual: unknown, expected: unknown): void => {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${a} instead of ${b}`);
};
