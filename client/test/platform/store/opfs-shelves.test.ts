/** Tests a disk that is full at one moment, which no browser shows at will. The contract tests the rest in browsers. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { storesAt } from "../../../src/platform/store/desk-stores.ts";
import { OpfsShelves } from "../../../src/platform/store/opfs-shelves.ts";
import type { PieceStores } from "../../../src/platform/store/piece-store.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import { FULL_DISKS, OpfsDouble } from "./opfs-double.ts";
import {
  contract,
  FULL_AT,
  fullAt,
  fullUntilTheNextLife,
  storePiece,
  testFile,
} from "./piece-store-contract.ts";

const FILE = fileIdOf(new Uint8Array(32).fill(1), 600_000);

let disk: OpfsDouble;

beforeEach(() => {
  disk = new OpfsDouble();
  vi.stubGlobal("navigator", disk.navigator);
});
afterEach(() => vi.unstubAllGlobals());

test.each([true, false])(
  "[F12b] storage works, full (%s) or not, and its trial leaves nothing",
  async (full) => {
    disk.full = full;
    expect(await OpfsShelves.tried()).not.toBeNull();
    expect(disk.paths()).toEqual([]);
  },
);

test("where no file can be held, storage does not work", async () => {
  disk.isPrivate = true;
  expect(await OpfsShelves.tried()).toBeNull();
});

test("[F12] a file that found no room when it was opened can be opened once there is some", async () => {
  const shelves = (await OpfsShelves.tried())!;
  disk.full = true;
  await expect(shelves.open(FILE, "name")).rejects.toThrow("full");
  disk.full = false;
  expect(await shelves.open(FILE, "name")).not.toBe("in-use");
});

test("[F12] a file that was opened before needs no room to be opened again", async () => {
  const shelves = (await OpfsShelves.tried())!;
  const shelf = await shelves.open(FILE, "name");
  if (shelf === "in-use") throw new Error("nobody uses it");
  await shelf.close();
  disk.full = true;
  expect(await shelves.open(FILE, "name")).not.toBe("in-use");
  expect(await shelves.list()).toMatchObject([{ name: "name" }]);
});

const storesHere = async (): Promise<PieceStores> =>
  storesAt(new StoreDesk((await OpfsShelves.tried())!), "opfs", null);

describe("the piece store contract, over the double", () => {
  test.each(Object.entries(contract))("%s", async (_name, run) =>
    run({
      stores: await storesHere(),
      otherTab: await storesHere(),
      damage: async (file, piece) =>
        disk.damage(`swapmeet-pieces/${file.id}/data`, piece * file.geometry.pieceLength),
    }),
  );
});

describe.each(FULL_DISKS)("[F5a] a disk whose lack of room shows as: %s", (fullDisk) => {
  const fill = (isFull: boolean) => void Object.assign(disk, { full: isFull, fullDisk });

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
    expect(await stores.open(file.id, "name", file.layer)).toMatchObject({ ok: true });
  });
});

test("[F7] a read that answers with an error, read as unsigned, brings no zeros", async () => {
  const stores = await storesHere();
  const file = await testFile(41, 600_000);
  const opened = await stores.open(file.id, "name", file.layer);
  if (!opened.ok) throw new Error("it opens");
  await storePiece(opened.value, file, 0);
  disk.unreadable = true;
  expect(await opened.value.read(0, 1000)).toMatchObject({ problem: { kind: "broken" } });
  disk.unreadable = false;
  expect(await opened.value.read(0, 1000)).toEqual({ ok: true, value: file.bytes.slice(0, 1000) });
});
