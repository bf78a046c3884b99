/** What no browser shows at will: a disk that is full at one moment. The rest is the contract's, in a browser. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileIdOf } from "../src/engine/file-id.ts";
import { OpfsShelves } from "../src/platform/opfs-shelves.ts";
import { OpfsDouble } from "./opfs-double.ts";

const FILE = fileIdOf(new Uint8Array(32).fill(1), 600_000);

let disk: OpfsDouble;

beforeEach(() => {
  disk = new OpfsDouble();
  vi.stubGlobal("navigator", disk.navigator);
});
afterEach(() => vi.unstubAllGlobals());

test.each([true, false])(
  "[F12] storage works, full (%s) or not, and its trial leaves nothing",
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
