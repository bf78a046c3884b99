/** Pieces on the file system of this machine, under the contract of all piece stores. */
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { DiskShelves } from "../../node/disk-shelves.ts";
import { storesAt } from "../../src/platform/store/desk-stores.ts";
import type { PieceStores } from "../../src/platform/store/piece-store.ts";
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
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "swapmeet-test-"));
  fullDisk = null;
});
afterEach(() => rm(root, { recursive: true }));

const storesHere = async (): Promise<PieceStores> =>
  storesAt(new StoreDesk(await DiskShelves.at(root)), "disk", null);

describe("the piece store contract, on the file system", () => {
  test.each(Object.entries(contract))("%s", async (_name, run) =>
    run({
      stores: await storesHere(),
      otherTab: await storesHere(),
      async damage(file, piece) {
        const data = await open(join(root, file.id, "data"), "r+");
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

  test.each(FULL_AT)("at the %s piece", async (_, piece) =>
    fullAt({ stores: await storesHere(), fill }, piece),
  );

  test.each(FULL_AT)("at the %s piece, until the next life", async (_, piece) =>
    fullUntilTheNextLife({ stores: await storesHere(), fill }, piece),
  );

  test("a layer or a name that finds no room is no half of one", async () => {
    const stores = await storesHere();
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
  const shelves = await Promise.all(Array.from({ length: 8 }, () => DiskShelves.at(root)));
  const opened = await Promise.all(shelves.map((each) => each.open(FILE, "name")));
  const held = opened.flatMap((shelf) => (shelf === "in-use" ? [] : [shelf]));
  expect(held.length).toBeLessThan(2);
  await held[0]?.close();
  const again = await shelves[0]!.open(FILE, "name");
  if (again === "in-use") throw new Error("nobody uses it");
  expect(await shelves[1]!.open(FILE, "name")).toBe("in-use");
  await again.close();
});

test("[F6] a process that is gone holds nothing, a process that runs does", async () => {
  const { pid: gone } = spawnSync(process.execPath, ["--version"]);
  const shelves = await DiskShelves.at(root);
  const first = await shelves.open(FILE, "name");
  if (first === "in-use") throw new Error("nobody uses it");
  await first.close();
  await writeFile(join(root, FILE, `held-${gone}-1`), "");
  const second = await shelves.open(FILE, "name");
  if (second === "in-use") throw new Error("its holder is gone");
  await second.close();
  await writeFile(join(root, FILE, `held-${process.ppid}-1`), "");
  expect(await shelves.open(FILE, "name")).toBe("in-use");
});

test("a folder whose removal was broken off is removed by the next life", async () => {
  await writeFile(join(root, "removed-1"), "");
  await DiskShelves.at(root);
  expect(await readdir(root)).toEqual([]);
});
