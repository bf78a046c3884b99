/** [F6] Every use of a file's store waits for its turn, a delayed deletion too. Over real stores, in memory. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pieceBegin, pieceBytes } from "@swapmeet/engine/names/file-id";
import type { Input, SwarmOutput } from "@swapmeet/engine/io/io";
import { hashAt } from "@swapmeet/engine/names/merkle";
import { pageReading } from "../../../src/platform/bytes/page-reading.ts";
import { storesAt } from "../../../src/platform/store/desk-stores.ts";
import { Holdings, type HoldingsOptions } from "../../../src/platform/files/holdings.ts";
import { MemoryShelves } from "../../../src/platform/store/memory-shelves.ts";
import type { Shelf, Shelves } from "../../../src/platform/store/shelf.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import { testFile } from "../store/piece-store-contract.ts";

/** A disk on which opening and deleting wait for `go`. */
class SlowShelves implements Shelves {
  readonly #shelves = new MemoryShelves(16 * 1024 * 1024);
  readonly look = this.#shelves.look.bind(this.#shelves);
  readonly list = this.#shelves.list.bind(this.#shelves);
  readonly waiting: ("open" | "remove" | "write")[] = [];
  #goes: (() => void)[] = [];
  readonly slow = new Set<"open" | "remove" | "write">();

  async open(...args: Parameters<Shelves["open"]>): Promise<Shelf | "in-use"> {
    await this.#turn("open");
    const shelf = await this.#shelves.open(...args);
    if (shelf === "in-use") return shelf;
    return {
      ...shelf,
      write: async (...written) => {
        await this.#turn("write");
        await shelf.write(...written);
      },
      remove: async () => {
        await this.#turn("remove");
        await shelf.remove();
      },
    };
  }

  go(): void {
    this.slow.clear();
    for (const go of this.#goes.splice(0)) go();
  }

  async #turn(what: "open" | "remove" | "write"): Promise<void> {
    if (!this.slow.has(what)) return;
    this.waiting.push(what);
    await new Promise<void>((go) => this.#goes.push(go));
  }
}

/** Only a hang takes so long. */
const HANG = { interval: 0, timeout: 60_000 };
const UNDO_MS = 10_000;
const file = await testFile(1, 600_000);
let disk: SlowShelves;
let fed: Input[];
let holdings: Holdings;

beforeEach(() => {
  vi.stubGlobal("reportError", (error: unknown) => expect.fail(String(error)));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  disk = new SlowShelves();
  fed = [];
  const stores = storesAt(new StoreDesk(disk), "opfs", null);
  holdings = new Holdings({
    reading: pageReading,
    stores: async () => stores,
    deleted: () => {},
    released: () => {},
    feed: (input) => void fed.push(input),
  } satisfies Partial<HoldingsOptions> as unknown as HoldingsOptions);
});
afterEach(() => {
  holdings.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const perform = (output: SwarmOutput): void => holdings.perform(output, () => null);
const open = (): void => perform({ type: "open-store", file: file.id, layer: file.layer });
const hears = (type: Input["type"]): Promise<Input> =>
  vi.waitUntil(() => fed.find((input) => input.type === type), HANG);
const opens = (): Promise<Input> =>
  vi.waitUntil(() => fed.find(({ type }) => type === "store-opened" || type === "store-failed"), HANG);
/** Waits until nothing more happens by itself. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((later) => setImmediate(later));
};
/** Waits for these calls of the disk, since hashing has no fixed time. */
const waits = async (what: SlowShelves["waiting"]): Promise<void> => {
  await vi.waitUntil(() => disk.waiting.length >= what.length, HANG);
  await settled();
  expect(disk.waiting).toEqual(what);
};
const store = (piece: number): void => {
  const begin = pieceBegin(file.geometry, piece);
  const bytes = file.bytes.slice(begin, begin + pieceBytes(file.geometry, piece));
  perform({ type: "put-block", file: file.id, begin, bytes });
  perform({ type: "check-piece", file: file.id, piece, hash: hashAt(file.layer, piece) });
};
const openedWithOnePiece = async (): Promise<void> => {
  open();
  await hears("store-opened");
  store(0);
  await hears("piece-stored");
  fed.length = 0;
};

test("a download that is begun in the moment of a delayed deletion begins anew", async () => {
  await openedWithOnePiece();
  await holdings.stored.delete(file.id, UNDO_MS);
  disk.slow.add("remove");
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  await waits(["remove"]);
  open();
  await settled();
  disk.go();
  expect(await opens()).toMatchObject({ type: "store-opened", have: Uint8Array.of(0) });
  store(1);
  expect(await hears("piece-stored")).toMatchObject({ piece: 1 });
});

test("a delayed deletion that comes due while the file is opened again deletes nothing", async () => {
  await openedWithOnePiece();
  await holdings.stored.delete(file.id, UNDO_MS);
  disk.slow.add("open");
  const asked = holdings.stored.canOpen(file.id); // something goes before the opening
  open();
  await settled();
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  disk.go();
  await asked;
  expect(await opens()).toMatchObject({ type: "store-opened", have: Uint8Array.of(0b1000_0000) });
  await settled();
  expect(await disk.list()).toMatchObject([{ bytes: 262_144 }]);
});

test("a file that is asked about while it is being opened is opened all the same", async () => {
  disk.slow.add("open");
  open();
  const asked = holdings.stored.canOpen(file.id);
  disk.go();
  expect(await opens()).toMatchObject({ type: "store-opened" });
  expect(await asked).toBe(false);
});

test("a file that is closed before it was opened is not told of, and opened again it is", async () => {
  disk.slow.add("open");
  open();
  perform({ type: "close-store", file: file.id, forget: false });
  open();
  disk.go();
  await opens();
  await settled();
  expect(fed).toMatchObject([{ type: "store-opened" }]);
});

test("two pieces are checked at once, and a store is closed after them", async () => {
  await openedWithOnePiece();
  disk.slow.add("write");
  for (const piece of [1, 2]) store(piece);
  await waits(["write", "write"]);
  perform({ type: "close-store", file: file.id, forget: false });
  open();
  await settled();
  expect(fed).toEqual([]);
  disk.go();
  await opens();
  expect(fed).toMatchObject([
    { type: "piece-stored", piece: 1 },
    { type: "piece-stored", piece: 2 },
    { type: "store-opened", have: Uint8Array.of(0b1110_0000) },
  ]);
});

test("a check of a store that is closed is answered", async () => {
  perform({ type: "check-piece", file: file.id, piece: 0, hash: hashAt(file.layer, 0) });
  expect(await hears("store-failed")).toMatchObject({ reason: { kind: "broken" } });
});
