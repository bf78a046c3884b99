import { describe, test } from "vitest";
import { storesAt } from "../src/platform/desk-stores.ts";
import { MemoryShelves } from "../src/platform/memory-shelves.ts";
import { StoreDesk } from "../src/platform/store-desk.ts";
import { contract, fullPlace, type Place } from "./piece-store-contract.ts";

const MIB = 1024 * 1024;

/** Two desks at the same shelves: two tabs. */
const placeInMemory = (limitBytes: number): Place => {
  const shelves = new MemoryShelves(limitBytes);
  return {
    stores: storesAt(new StoreDesk(shelves), "memory", limitBytes),
    otherTab: storesAt(new StoreDesk(shelves), "memory", limitBytes),
    async damage(file, piece) {
      const shelf = await shelves.open(file.id, "");
      if (shelf === "in-use") throw new Error("close it first");
      const hash = (await shelf.claims()).slice(piece * 32, (piece + 1) * 32);
      const bytes = await shelf.read(piece, 0, file.geometry.pieceLength);
      bytes[100]! ^= 1;
      await shelf.write(piece, hash, bytes);
      await shelf.close();
    },
  };
};

describe("the piece store contract, in memory", () => {
  test.each(Object.entries(contract))("%s", async (_name, run) => run(placeInMemory(64 * MIB)));

  test("[F5] a full store says so, keeps what it has and loses no byte under assembly", async () =>
    fullPlace(placeInMemory(MIB).stores));
});
