/** Tests a desk whose shelves fail while a file is opened. The contract tests the rest. */
import { expect, test } from "vitest";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { storesAt } from "../../../src/platform/store/desk-stores.ts";
import { MemoryShelves } from "../../../src/platform/store/memory-shelves.ts";
import type { PieceStores } from "../../../src/platform/store/piece-store.ts";
import type { Shelf, Shelves } from "../../../src/platform/store/shelf.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import { testFile, type TestFile } from "./piece-store-contract.ts";

const PROBLEM: StoreProblem = { kind: "full", missingBytes: null };

/** While `isFull`, every use of an open shelf fails; without `opens`, opening fails too. */
class FullShelves implements Shelves {
  isFull = true;
  opens = true;
  readonly #shelves = new MemoryShelves(1024 * 1024);
  readonly look = this.#shelves.look.bind(this.#shelves);
  readonly list = this.#shelves.list.bind(this.#shelves);

  async open(...args: Parameters<Shelves["open"]>): Promise<Shelf | "in-use"> {
    if (!this.opens) this.#find();
    const shelf = await this.#shelves.open(...args);
    if (shelf === "in-use") return shelf;
    return {
      ...shelf,
      claims: async () => this.#find() ?? shelf.claims(),
      close: async () => {
        await shelf.close();
        this.#find();
      },
    };
  }

  #find(): undefined {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
  }
}

const asks = {
  open: (stores: PieceStores, { id, layer }: TestFile) => stores.open(id, "name", layer),
  openWhole: (stores: PieceStores, { id }: TestFile) => stores.openWhole(id, "name"),
};

test.each(Object.entries(asks))("[F12] %s that finds no room lets go of the file", async (_, ask) => {
  const shelves = new FullShelves();
  const stores = storesAt(new StoreDesk(shelves), "opfs", null);
  const file = await testFile(1, 600_000);
  expect(await ask(stores, file)).toEqual({ ok: false, problem: PROBLEM });
  shelves.isFull = false;
  expect(await ask(stores, file)).toMatchObject({ ok: true });
});

test.each([true, false])(
  "[F12] a file that finds no room is not in use, opened (%s) or not",
  async (opens) => {
    const shelves = Object.assign(new FullShelves(), { opens });
    const stores = storesAt(new StoreDesk(shelves), "opfs", null);
    expect(await stores.canOpen((await testFile(1, 600_000)).id, "name")).toBe(true);
  },
);
