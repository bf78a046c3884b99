/** Pieces on the file system of this machine, under the contract of all piece stores. */
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileIdOf, type FileId } from "@swapmeet/engine/names/file-id";
import { DiskShelves } from "../../node/disk-shelves.ts";
import { storesAt } from "../../src/platform/store/desk-stores.ts";
import type { PieceStores } from "../../src/platform/store/piece-store.ts";
import type { Shelf } from "../../src/platform/store/shelf.ts";
import { StoreDesk } from "../../src/platform/store/store-desk.ts";
import {
  contract,
  FULL_AT,
  fullAt,
  fullUntilTheNextLife,
  testFile,
} from "../platform/store/piece-store-contract.ts";

/** How a full disk shows: at once, or after a part of the bytes was written. */
type FullDisk = "nothing fits" | "a part fits";
let fullDisk: FullDisk | null = null;

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const noSpace = () =>
    Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  return {
    ...real,
    async open(...args: Parameters<typeof real.open>) {
      const file = await real.open(...args);
      const write = file.write.bind(file) as (...args: unknown[]) => Promise<{ bytesWritten: number }>;
      let isFirst = true;
      const limited = async (bytes: Uint8Array, at: number, length: number, position: number) => {
        if (fullDisk === null) return write(bytes, at, length, position);
        if (fullDisk === "nothing fits" || !isFirst || length < 2) throw noSpace();
        isFirst = false;
        return write(bytes, at, length >> 1, position);
      };
      return Object.assign(file, { write: limited });
    },
  };
});

const FILE = fileIdOf(new Uint8Array(32).fill(1), 600_000);
const OTHER = fileIdOf(new Uint8Array(32).fill(2), 600_000);
/** The beginning of a name that says which process writes FILE. */
const HOLDER = `.${FILE.slice(0, 32)}.part.held`;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "swapmeet-test-"));
  fullDisk = null;
});
afterEach(() => rm(root, { recursive: true }));

const storesHere = (): PieceStores => storesAt(new StoreDesk(new DiskShelves(root)), "disk", null);

/** The file with the bytes of a download: the one whose claims name it. */
const partOf = async (file: FileId): Promise<string> => {
  for (const entry of await readdir(root))
    if (entry.endsWith(".claims") && (await readFile(join(root, entry), "utf8")).includes(file))
      return join(root, entry.slice(0, -".claims".length));
  throw new Error("it is not stored");
};

describe("the piece store contract, on the file system", () => {
  test.each(Object.entries(contract))("%s", async (_name, run) =>
    run({
      stores: storesHere(),
      otherTab: storesHere(),
      async damage(file, piece) {
        const data = await open(await partOf(file.id), "r+");
        const at = piece * file.geometry.pieceLength + 100;
        const { buffer } = await data.read(new Uint8Array(1), 0, 1, at);
        await data.write(Uint8Array.of(buffer[0]! ^ 1), 0, 1, at);
        await data.close();
      },
    }),
  );
});

describe.each(["nothing fits", "a part fits"] as const)("[F5a] a disk that is full: %s", (how) => {
  const fill = (isFull: boolean) => void (fullDisk = isFull ? how : null);

  test.each(FULL_AT)("at the %s piece", async (_, piece) => fullAt({ stores: storesHere(), fill }, piece));

  test.each(FULL_AT)("at the %s piece, until the next life", async (_, piece) =>
    fullUntilTheNextLife({ stores: storesHere(), fill }, piece),
  );

  test("a layer or a name that finds no room is no half of one", async () => {
    const stores = storesHere();
    const file = await testFile(40, 600_000);
    fill(true);
    expect(await stores.open(file.id, "name", file.layer)).toMatchObject({ problem: { kind: "full" } });
    fill(false);
    const opened = await stores.open(file.id, "name", file.layer);
    expect(opened).toMatchObject({ ok: true });
    if (opened.ok) await opened.value.close();
  });
});

test("[F6] when many shelves open a file at once, at most one gets it, and another may get it afterwards", async () => {
  const shelves = Array.from({ length: 8 }, () => new DiskShelves(root));
  const opened = await Promise.all(shelves.map((each) => each.open(FILE, "name")));
  const held = opened.flatMap((shelf) => (shelf === "in-use" ? [] : [shelf]));
  expect(held.length).toBeLessThan(2);
  await held[0]?.close();
  const again = await heldBy(shelves[0]!);
  expect(await shelves[1]!.open(FILE, "name")).toBe("in-use");
  await again.close();
});

test("[F6] a process that is gone holds nothing, a process that runs does", async () => {
  const { pid: gone } = spawnSync(process.execPath, ["--version"]);
  const shelves = new DiskShelves(root);
  await (await heldBy(shelves)).close();
  await writeFile(join(root, `${HOLDER}-${gone}-1`), "");
  await (await heldBy(shelves)).close();
  await writeFile(join(root, `${HOLDER}-${process.ppid}-1`), "");
  expect(await shelves.open(FILE, "name")).toBe("in-use");
});

test("files of other programs and of other downloads stay as they are", async () => {
  await writeFile(join(root, "song.mp3.part"), "of a browser");
  await writeFile(join(root, "song (2).mp3.part.claims"), "of nobody");
  const shelves = new DiskShelves(root);
  const one = await heldBy(shelves, FILE, "song.mp3");
  const other = await heldBy(shelves, OTHER, "song.mp3");
  expect(await readFile(join(root, "song.mp3.part"), "utf8")).toBe("of a browser");
  await one.remove();
  await other.remove();
  expect((await readdir(root)).sort()).toEqual(["song.mp3.part"]);
});

test("a whole file gets its own name in one step, and is still read from there", async () => {
  const shelves = new DiskShelves(root);
  const shelf = await heldBy(shelves);
  await shelf.write(0, new Uint8Array(32).fill(1), new Uint8Array(262_144).fill(7));
  const blob = await shelf.blob();
  await writeFile(join(root, "taken"), "");
  expect(await shelves.settle(blob, join(root, "taken"))).toBe(false);
  expect(await shelves.settle(blob, join(root, "whole"))).toBe(true);
  expect(await shelves.settle(blob, join(root, "again")), "it has its name").toBeNull();
  expect(await shelf.read(0, 0, 3)).toEqual(Uint8Array.of(7, 7, 7));
  expect((await shelf.blob()).size).toBe(262_144);
  await shelf.remove();
  expect((await readdir(root)).sort(), "what was given to the person is not deleted").toEqual([
    "taken",
    "whole",
  ]);
});

const heldBy = async (shelves: DiskShelves, file = FILE, name = "name"): Promise<Shelf> => {
  const shelf = await shelves.open(file, name);
  if (shelf === "in-use") throw new Error("nobody uses it");
  return shelf;
};
