/** The rest of the store is tested where there is an IndexedDB: in a browser, e2e/tests/store-contract.spec.ts. */
import type { RoomTag } from "@swapmeet/shared";
import { expect, test } from "vitest";
import { BoardStore } from "../src/platform/board-store.ts";

test("[B7] where the browser forbids storage nothing is kept, and nothing breaks", async () => {
  expect("indexedDB" in globalThis).toBe(false);
  const store = new BoardStore("ab".repeat(32) as RoomTag);
  store.keep("key", new Uint8Array(8));
  expect(await store.load()).toEqual([]);
  store.unkeep("key");
  await store.close();
});
