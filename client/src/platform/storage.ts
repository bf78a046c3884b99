/** Picks the best place for pieces that this browser really has, by trying. */
import * as Comlink from "comlink";
import { storesAt } from "./desk-stores.ts";
import type { PieceStores, StoreKind } from "./piece-store.ts";
import type { StoreRoot } from "./store-worker.ts";
import workerUrl from "./store-worker.ts?worker&url";
import { startWorker } from "./trusted-worker.ts";

/** What a phone's tab can spare. The page says that it is the limit. Guess. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024;

const BEST_FIRST: readonly StoreKind[] = ["opfs", "indexeddb"];

export const openStorage = async (kinds: readonly StoreKind[] = BEST_FIRST): Promise<PieceStores> => {
  const root = Comlink.wrap<StoreRoot>(startWorker(workerUrl));
  for (const kind of kinds) {
    const desk = await root.desk(kind, MEMORY_LIMIT_BYTES);
    if (desk) return storesAt(desk, kind, null);
  }
  const desk = await root.desk("memory", MEMORY_LIMIT_BYTES);
  if (!desk) throw new Error("memory is always there");
  return storesAt(desk, "memory", MEMORY_LIMIT_BYTES);
};
