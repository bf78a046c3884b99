import { describe, test } from "vitest";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { storesAt } from "../../../src/platform/store/desk-stores.ts";
import { MemoryShelves } from "../../../src/platform/store/memory-shelves.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import {
  contract,
  FULL_AT,
  fullAt,
  fullPlace,
  fullUntilTheNextLife,
  type Place,
} from "./piece-store-contract.ts";

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

/** A place in memory whose free room is the part that another file leaves. */
const fillingPlace = () => {
  const shelves = new MemoryShelves(2 * MIB);
  const other = shelves.open(fileIdOf(new Uint8Array(32).fill(1), MIB * 2), "other");
  return {
    stores: storesAt(new StoreDesk(shelves), "memory", 2 * MIB),
    async fill(isFull: boolean) {
      const shelf = await other;
      if (shelf === "in-use") throw new Error("nobody uses it");
      for (let piece = 0; piece < 8; piece++)
        if (isFull) await shelf.write(piece, new Uint8Array(32), new Uint8Array(MIB / 4)).catch(() => {});
        else await shelf.unclaim(piece);
    },
  };
};

describe("[F12] memory that is full", () => {
  test.each(FULL_AT)("at the %s piece", (_, piece) => fullAt(fillingPlace(), piece));
  test.each(FULL_AT)("at the %s piece, until the next life", (_, piece) =>
    fullUntilTheNextLife(fillingPlace(), piece),
  );
});
