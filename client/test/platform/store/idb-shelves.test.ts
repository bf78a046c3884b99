/** Pieces in IndexedDB over a double: the contract, and a quota that is used up at one moment. Browsers run it, too. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { storesAt } from "../../../src/platform/store/desk-stores.ts";
import { IdbShelves } from "../../../src/platform/store/idb-shelves.ts";
import type { PieceStores } from "../../../src/platform/store/piece-store.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import { FULL_DATABASES, IdbDouble } from "./idb-double.ts";
import { contract, FULL_AT, fullAt, fullUntilTheNextLife } from "./piece-store-contract.ts";

let open: (...args: Parameters<IdbDouble["openDB"]>) => Promise<unknown>;
let disk: IdbDouble;
vi.mock("idb", () => ({ openDB: (...args: Parameters<IdbDouble["openDB"]>) => open(...args) }));

/** One of this test's own, which ends with it: the browser's would keep Node alive. */
class Channel extends EventTarget {
  static readonly all = new Set<Channel>();

  constructor() {
    super();
    Channel.all.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of Channel.all)
      if (other !== this) setImmediate(() => other.dispatchEvent(new MessageEvent("message", { data })));
  }
}

beforeEach(() => {
  disk = new IdbDouble();
  open = disk.openDB;
  vi.stubGlobal("IDBKeyRange", disk.keyRange);
  vi.stubGlobal("BroadcastChannel", Channel);
});
afterEach(() => {
  vi.unstubAllGlobals();
  Channel.all.clear();
});

test.each([
  ["works that is full", "QuotaExceededError", true],
  ["does not work that takes no Blob", "DataCloneError", false],
])("[F12b] storage %s", async (_, name, works) => {
  open = async () => ({
    put: () => Promise.reject(new DOMException("refused", name)),
    delete: async () => {},
    close: () => {},
  });
  expect((await IdbShelves.tried()) !== null).toBe(works);
});

test("storage does not work where the database can't be opened", async () => {
  open = () => Promise.reject(new DOMException("denied in this context", "SecurityError"));
  expect(await IdbShelves.tried()).toBeNull();
});

const storesHere = async (): Promise<PieceStores> =>
  storesAt(new StoreDesk((await IdbShelves.tried())!), "indexeddb", null);

describe("the piece store contract, over the double", () => {
  test.each(Object.entries(contract))("%s", async (_name, run) =>
    run({
      stores: await storesHere(),
      otherTab: await storesHere(),
      async damage({ id }, piece) {
        const rows = disk.rows("swapmeet-pieces", "pieces");
        const [key, row] = [...rows].find(([, { key }]) => key[0] === id && key[1] === piece)!;
        const { hash, bytes } = row.value as { hash: Uint8Array; bytes: Blob };
        const damaged = new Blob([bytes.slice(0, 100), "damaged", bytes.slice(107)]);
        rows.set(key, { ...row, value: { hash, bytes: damaged } });
      },
    }),
  );
});

describe.each(FULL_DATABASES)("[F5a] a database whose lack of room shows in: %s", (manner) => {
  const fill = (isFull: boolean) => void (disk.full = isFull ? manner : null);

  test.each(FULL_AT)("at the %s piece", async (_, piece) =>
    fullAt({ stores: await storesHere(), fill }, piece),
  );

  test.each(FULL_AT)("at the %s piece, until the next life", async (_, piece) =>
    fullUntilTheNextLife({ stores: await storesHere(), fill }, piece),
  );
});
