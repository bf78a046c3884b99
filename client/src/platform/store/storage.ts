/** Picks the best place for pieces that this browser really has, by trying. */
import { fail } from "@swapmeet/shared";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { brokenBy } from "../workers/broken-by.ts";
import { storesAt } from "./desk-stores.ts";
import { LastingWorker } from "../workers/lasting-worker.ts";
import type { PieceStores, StoreKind } from "./piece-store.ts";
import { within } from "../web/time-limit.ts";
import type { StoreRoot } from "./store-worker.ts";
import workerUrl from "./store-worker.ts?worker&url";

/** The memory that a phone's tab can spare. The page says that it is the limit. Guess. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024;

/** Loading the worker and trying one kind of storage takes a second on a slow phone. Guess. */
const TRIED_WITHIN_MS = 60_000;

const BEST_FIRST: readonly StoreKind[] = ["opfs", "indexeddb"];

export class DeviceStorage {
  readonly #worker = new LastingWorker<StoreRoot>(workerUrl);
  #stores: Promise<PieceStores> | null = null;
  #hasOpened = false;
  #isClosed = false;

  /** The first call starts the worker. After the worker failed, the next call gets the stores of a new one. */
  stores(): Promise<PieceStores> {
    if (this.#hasOpened && !this.#worker.current && !this.#isClosed) {
      this.#hasOpened = false;
      this.#stores = null;
    }
    return (this.#stores ??= this.#open().catch((error: unknown) => this.#nowhere(brokenBy(error))));
  }

  /** Ends the worker once all pieces under way are stored, and all closing stores are closed. [F5] */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stores ??= Promise.resolve(storesNowhere({ kind: "broken", defect: { type: "room-left" } }));
    await this.#worker.close();
  }

  #open(): Promise<PieceStores> {
    return this.#worker.do(async (root, worker) => {
      const storesOf = async (kind: StoreKind, limitBytes: number | null): Promise<PieceStores | null> => {
        const desk = await within(TRIED_WITHIN_MS, root.desk(kind, MEMORY_LIMIT_BYTES));
        return desk && storesAt(worker.follow(desk), kind, limitBytes);
      };
      for (const kind of BEST_FIRST) {
        const stores = await storesOf(kind, null);
        if (stores) return this.#opened(stores);
      }
      const stores = await storesOf("memory", MEMORY_LIMIT_BYTES);
      return stores
        ? this.#opened(stores)
        : this.#nowhere({ kind: "broken", defect: { type: "worker-silent" } });
    });
  }

  #opened(stores: PieceStores): PieceStores {
    this.#hasOpened = true;
    return stores;
  }

  /** The next call tries once more. */
  #nowhere(problem: StoreProblem): PieceStores {
    this.#stores = null;
    return storesNowhere(problem);
  }
}

/** Each call is told why nothing can be stored. */
const storesNowhere = (problem: StoreProblem): PieceStores => {
  const broken = async () => fail(problem);
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
