/** What no browser shows at will: a quota that is used up at one moment. The rest is the contract's, in a browser. */
import { expect, test, vi } from "vitest";
import { IdbShelves } from "../src/platform/idb-shelves.ts";

const refusal = { name: "" };
vi.mock("idb", () => ({
  openDB: async () => ({
    put: () => Promise.reject(new DOMException("refused", refusal.name)),
    delete: async () => {},
    close: () => {},
  }),
}));

test.each([
  ["works that is full", "QuotaExceededError", true],
  ["does not work that takes no Blob", "DataCloneError", false],
])("[F12] storage %s", async (_, name, works) => {
  refusal.name = name;
  expect((await IdbShelves.tried()) !== null).toBe(works);
});
