/** Picks the best place for pieces that this browser really has, by trying. */
import { fail } from "@swapmeet/shared";
import { DeskWorker } from "./desk-worker.ts";
import { storesAt } from "./desk-stores.ts";
import type { PieceStores, StoreKind } from "./piece-store.ts";
import type { StoreRoot } from "./store-worker.ts";
import workerUrl from "./store-worker.ts?worker&url";

/** What a phone's tab can spare. The page says that it is the limit. Guess. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024;

const BEST_FIRST: readonly StoreKind[] = ["opfs", "indexeddb"];

export class DeviceStorage {
  #worker: DeskWorker<StoreRoot> | null = null;
  #stores: Promise<PieceStores> | null = null;

  /** With the first call its worker starts. One that can't be loaded is tried again with the next call. */
  stores(): Promise<PieceStores> {
    return (this.#stores ??= this.#open().catch((error: unknown) => {
      this.#stores = null;
      return storesNowhere(error instanceof Error ? error.message : String(error));
    }));
  }

  /** Once everything that is being stored is stored, and what is being closed is closed. [F5] */
  async close(): Promise<void> {
    this.#stores ??= Promise.resolve(storesNowhere("the room was left"));
    await this.#worker?.close();
  }

  async #open(): Promise<PieceStores> {
    const worker = new DeskWorker<StoreRoot>(workerUrl);
    this.#worker = worker;
    for (const kind of BEST_FIRST) {
      const desk = await worker.desk.desk(kind, MEMORY_LIMIT_BYTES);
      if (desk) return storesAt(worker.follow(desk), kind, null);
    }
    const desk = await worker.desk.desk("memory", MEMORY_LIMIT_BYTES);
    if (!desk) throw new Error("memory is always there");
    return storesAt(worker.follow(desk), "memory", MEMORY_LIMIT_BYTES);
  }
}

/** Whoever asks is told why nothing can be stored. */
const storesNowhere = (detail: string): PieceStores => {
  const broken = async () => fail({ kind: "broken", detail } as const);
  return {
    kind: "memory",
    limitBytes: null,
    open: broken,
    openWhole: broken,
    holds: async () => false,
    canOpen: async () => true,
    list: broken,
    forget: broken,
  };
};
