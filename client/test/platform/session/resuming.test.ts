/** A visit resumes downloads, serves files again and deletes leftovers: real holdings and stores, ledger in memory. */
import type { RoomTag } from "@swapmeet/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pieceBegin, pieceBytes, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile, SwarmOutput } from "@swapmeet/engine/io/io";
import { hashAt } from "@swapmeet/engine/names/merkle";
import { pageReading } from "../../../src/platform/bytes/page-reading.ts";
import { storesAt } from "../../../src/platform/store/desk-stores.ts";
import { Holdings } from "../../../src/platform/files/holdings.ts";
import { leafHashes } from "../../../src/platform/bytes/leaf-hashes.ts";
import type { LedgerLine } from "../../../src/platform/device/ledger.ts";
import { MemoryShelves } from "../../../src/platform/store/memory-shelves.ts";
import { Resuming } from "../../../src/platform/session/resuming.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import { storePiece, testFile, type TestFile } from "../store/piece-store-contract.ts";

const TAG = "ab".repeat(32) as RoomTag;

const lines = new Map<FileId, LedgerLine>();
vi.mock("../../../src/platform/device/ledger.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  Ledger: {
    open: async () => ({
      linesOf: async () => [...lines.values()],
      files: async () => new Set(lines.keys()),
      write: async (_tag: RoomTag, line: LedgerLine) => void lines.set(line.file, line),
      erase: async (_tag: RoomTag, file: FileId) => void lines.delete(file),
    }),
  },
}));

beforeEach(() => {
  const listens = { addEventListener: () => {}, removeEventListener: () => {} };
  vi.stubGlobal("document", { ...listens, visibilityState: "visible" });
  vi.stubGlobal("addEventListener", listens.addEventListener);
  vi.stubGlobal("removeEventListener", listens.removeEventListener);
});
afterEach(() => {
  vi.unstubAllGlobals();
  lines.clear();
});

const newDisk = (): MemoryShelves => new MemoryShelves(64 * 1024 * 1024);

/** A tab of the room, as the session puts it together. */
/** Only an answer that never comes takes so long. */
const HANG_MS = 60_000;

class Tab {
  readonly fed: Input[] = [];
  readonly shared: LocalFile[] = [];
  readonly holdings: Holdings;
  readonly resuming: Resuming;

  constructor(disk: MemoryShelves) {
    const stores = storesAt(new StoreDesk(disk), "opfs", null);
    const feed = (input: Input) => void this.fed.push(input);
    this.holdings = new Holdings({
      reading: pageReading,
      stores: async () => stores,
      save: async () => null,
      savesByItself: () => true,
      finished: () => {},
      saved: (file) => this.resuming.became(file, "saved"),
      deleted: (file) => this.resuming.erase(file),
      released: () => {},
      leaves: leafHashes,
      hash: () => Promise.reject(new Error("nothing is handed over here")),
      askTabs: () => {},
      refuseTab: () => {},
      feed,
    });
    this.resuming = new Resuming({
      stored: this.holdings.stored,
      feed,
      share: (file) => void this.shared.push(file),
      downloads: () => [],
      sharesDownloads: () => true,
    });
  }

  /** Begins a download as the session and the swarm do; gives the store's answer. */
  async download({ id, layer }: TestFile): Promise<Input> {
    this.holdings.stored.name(id, "left.bin", "");
    this.resuming.started(id, "left.bin", "");
    this.perform({ type: "open-store", file: id, layer });
    return this.hears("store-opened", "store-failed");
  }

  async fetch({ id, geometry, bytes, layer }: TestFile, piece: number): Promise<void> {
    const begin = pieceBegin(geometry, piece);
    const end = begin + pieceBytes(geometry, piece);
    this.perform({ type: "put-block", file: id, begin, bytes: bytes.slice(begin, end) });
    this.perform({ type: "check-piece", file: id, piece, hash: hashAt(layer, piece) });
    await this.hears("piece-stored");
  }

  /** Cancels a download as the session does. */
  async cancel({ id }: TestFile): Promise<void> {
    this.resuming.ended(id);
    await this.holdings.stored.delete(id);
  }

  perform(output: SwarmOutput): void {
    this.fed.length = 0;
    this.holdings.perform(output, () => null);
  }

  hears(...types: Input["type"][]): Promise<Input> {
    return vi.waitUntil(() => this.fed.find(({ type }) => types.includes(type)), { timeout: HANG_MS });
  }

  close(): void {
    this.resuming.close();
    this.holdings.close();
  }
}

const entered = async (disk: MemoryShelves): Promise<Tab> => {
  const tab = new Tab(disk);
  await tab.resuming.enter(TAG);
  return tab;
};

const visit = async (disk: MemoryShelves): Promise<Tab> => {
  const tab = await entered(disk);
  tab.close();
  return tab;
};

/** Leaves pieces of a file on the disk, as an earlier visit does. */
const leave = async (disk: MemoryShelves, file: TestFile, pieces: readonly number[]): Promise<void> => {
  const opened = await storesAt(new StoreDesk(disk), "opfs", null).open(file.id, "left.bin", file.layer);
  if (!opened.ok) throw new Error("it opens");
  for (const piece of pieces) await storePiece(opened.value, file, piece);
  await opened.value.close();
};

const lineOf = ({ id }: TestFile, state: LedgerLine["state"]): LedgerLine => ({
  file: id,
  name: "left.bin",
  folder: "",
  state,
});

test("[F11a] a visit that finds other storage does not forget files in the right storage", async () => {
  const disk = newDisk();
  const file = await testFile(1, 600_000);
  await leave(disk, file, [0, 1, 2]);
  lines.set(file.id, lineOf(file, "saved"));

  expect((await visit(newDisk())).shared).toEqual([]);

  expect((await visit(disk)).shared).toMatchObject([{ file: file.id }]);
});

test("[F11a] a finished download of which only a part is left is forgotten, and the part is deleted", async () => {
  const disk = newDisk();
  const file = await testFile(2, 600_000);
  await leave(disk, file, [0, 1]);
  lines.set(file.id, lineOf(file, "saved"));
  expect((await visit(disk)).shared).toEqual([]);
  expect(await disk.list()).toEqual([]);
});

test("[F11] [S21] a file that is fetched by two names is resumed, and served again, by both", async () => {
  const disk = newDisk();
  const file = await testFile(7, 600_000);
  const tab = await entered(disk);
  await tab.download(file);
  tab.resuming.started(file.id, "second.bin", "pkg");
  tab.resuming.started(file.id, "third.bin", "");
  tab.resuming.without(file.id, { name: "third.bin", folder: "" });
  for (const piece of [0, 1, 2]) await tab.fetch(file, piece);
  tab.close();

  const names = [
    { name: "left.bin", folder: "" },
    { name: "second.bin", folder: "pkg" },
  ];
  const next = await entered(disk);
  expect(next.fed).toMatchObject(names.map((entry) => ({ type: "download", ...entry, stored: true })));
  next.resuming.became(file.id, "saved");
  next.close();
  expect((await visit(disk)).shared).toMatchObject(names);
});

test("[S17] a file that is gone from the disk, and was fetched anew, is whole again", async () => {
  const file = await testFile(8, 600_000);
  const tab = await entered(newDisk());
  const gone = {
    slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) }),
  };
  tab.holdings.share({ file: file.id, layer: file.layer }, gone as unknown as File);
  expect(await tab.holdings.whole(file.id)).toBeNull();
  await tab.download(file);
  for (const piece of [0, 1, 2]) await tab.fetch(file, piece);
  expect((await tab.holdings.whole(file.id))?.size).toBe(600_000);
  tab.close();
});

test("[F11] a cancelled download is forgotten", async () => {
  const disk = newDisk();
  const file = await testFile(3, 600_000);
  const tab = await entered(disk);
  await tab.download(file);
  await tab.fetch(file, 0);
  await tab.cancel(file);
  tab.close();

  expect((await visit(disk)).fed).toEqual([]);
  expect(await disk.list()).toEqual([]);
});

test("[F11] a file that is taken off the table and put back is served again by the next visit", async () => {
  const disk = newDisk();
  const file = await testFile(6, 600_000);
  await leave(disk, file, [0, 1, 2]);
  lines.set(file.id, lineOf(file, "saved"));
  const tab = await entered(disk);
  const line = tab.resuming.lineOf(file.id)!;
  tab.resuming.ended(file.id);
  await tab.holdings.stored.delete(file.id, 60_000);
  await expect.poll(() => lines.size).toBe(0);
  tab.holdings.stored.spare(file.id);
  tab.resuming.takeUp(line);
  tab.close();

  expect((await visit(disk)).shared).toMatchObject([{ file: file.id }]);
});

test("[F6a] a download that a second tab cancels stays with the tab that holds it, and is resumed", async () => {
  const disk = newDisk();
  const file = await testFile(4, 600_000);
  const [first, second] = [await entered(disk), await entered(disk)];
  await first.download(file);
  await first.fetch(file, 0);
  expect(await second.download(file)).toMatchObject({ type: "store-failed", reason: { kind: "in-use" } });
  await second.cancel(file);
  first.close();
  second.close();

  expect((await visit(disk)).fed).toMatchObject([{ type: "download", file: file.id }]);
  expect(await disk.list()).toMatchObject([{ file: file.id, bytes: 262_144 }]);
});

test("[F6a] a file that a second tab has read and clears is still served by the tab that holds it", async () => {
  const disk = newDisk();
  const file = await testFile(5, 600_000);
  const [first, second] = [await entered(disk), await entered(disk)];
  await first.download(file);
  for (const piece of [0, 1, 2]) await first.fetch(file, piece);
  for (const tab of [first, second]) {
    if (tab === second) await tab.download(file);
    tab.perform({ type: "save-file", file: file.id, entries: [{ name: "left.bin", folder: "" }] });
    await tab.hears("file-saved");
  }
  second.resuming.ended(file.id);
  second.perform({ type: "close-store", file: file.id, forget: true });
  expect(await second.holdings.stored.delete(file.id), "it goes").toBe(false);
  first.close();
  second.close();

  expect((await visit(disk)).shared).toMatchObject([{ file: file.id }]);
});
