/** The rest of the store is tested where there is an IndexedDB: in a browser, e2e/tests/transfers/store-contract.spec.ts. */
import type { RoomTag } from "@swapmeet/shared";
import { afterEach, expect, test, vi } from "vitest";
import { BoardStore } from "../../../src/platform/device/board-store.ts";

const TAG = "ab".repeat(32) as RoomTag;

/** Stands in for a database; null: there is no IndexedDB here. */
let database: object | null = null;
vi.mock("idb", async (original) => {
  const { openDB } = await original<typeof import("idb")>();
  return { openDB: async (...args: Parameters<typeof openDB>) => database ?? openDB(...args) };
});
afterEach(() => {
  database = null;
  vi.unstubAllGlobals();
});

test("[B7] where the browser forbids storage nothing is kept, and nothing breaks", async () => {
  expect("indexedDB" in globalThis).toBe(false);
  const store = new BoardStore(TAG);
  store.keep("key", new Uint8Array(8));
  expect(await store.load()).toEqual([]);
  store.unkeep("key");
  await store.close();
});

test("[B7] where storage is full, kept batches can be read, and nothing breaks", async () => {
  vi.stubGlobal("IDBKeyRange", { bound: () => null });
  const frame = Uint8Array.of(1, 2, 3);
  const store = {
    put: () => Promise.reject(new DOMException("full", "QuotaExceededError")),
    getAllKeys: async () => [["room", "key"]],
    getAll: async () => [{ frame, keptAt: 1 }],
  };
  const transaction = (_stores: unknown, mode?: string) => ({
    store,
    objectStore: () => store,
    done: mode ? Promise.reject(new DOMException("full", "AbortError")) : Promise.resolve(),
  });
  const close = vi.fn();
  database = { transaction, close };

  const board = new BoardStore(TAG);
  board.keep("another", new Uint8Array(8));
  expect(await board.load()).toEqual([frame]);
  await board.close();
  expect(close).toHaveBeenCalledOnce();
});
