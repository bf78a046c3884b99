/** The shelves live in a worker: sync access handles exist only there, and hashing must not hold the page up. */
import * as Comlink from "comlink";
import { IdbShelves } from "./idb-shelves.ts";
import { MemoryShelves } from "./memory-shelves.ts";
import { OpfsShelves } from "./opfs-shelves.ts";
import type { StoreKind } from "./piece-store.ts";
import { StoreDesk } from "./store-desk.ts";

const root = {
  /** Null where this browser, here and now, can't. */
  async desk(kind: StoreKind, limitBytes: number) {
    const shelves = await shelvesOf(kind, limitBytes);
    return shelves && Comlink.proxy(new StoreDesk(shelves));
  },
};
export type StoreRoot = typeof root;

const shelvesOf = async (kind: StoreKind, limitBytes: number) => {
  switch (kind) {
    case "opfs":
      return OpfsShelves.tried();
    case "indexeddb":
      return IdbShelves.tried();
    case "memory":
      return new MemoryShelves(limitBytes);
  }
};

Comlink.expose(root);
