/** What no browser shows at will: a disk that is full at one moment. The rest is the contract's, in a browser. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OpfsShelves } from "../src/platform/opfs-shelves.ts";
import { OpfsDouble } from "./opfs-double.ts";

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
