/**
 * The board's batches and proofs that this device keeps, as the frames they came in, so that posts outlive every tab.
 * Rooms are known by a hash of their tag, as in the ledger. PROTOCOL.md, rule B7.
 *
 * Tabs of one browser share it: all write the same bytes under the same keys. Where a browser forbids storage, or it is
 * full, it keeps nothing, and nothing else changes. The engine verifies stored batches like any frame.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { RoomTag } from "@swapmeet/shared";
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { bytesToHex, utf8ToBytes } from "@swapmeet/engine/base/bytes";
import { committed } from "../web/committed.ts";

const NAME = "swapmeet-board";

export interface BoardBounds {
  /** For one room: as much as its board may have in memory, and half as much from other tabs and earlier visits. */
  readonly roomBytes: number;
  /** The number of rooms kept, those visited last. Guess. */
  readonly rooms: number;
}
const BOUNDS: BoardBounds = { roomBytes: 48 * 1024 * 1024, rooms: 12 };

interface Kept {
  readonly frame: Uint8Array;
  /** Milliseconds since 1970, by this device. */
  readonly keptAt: number;
}

interface Schema extends DBSchema {
  batches: { key: [room: string, key: string]; value: Kept };
  /** When each was visited last. */
  rooms: { key: string; value: number };
}

export class BoardStore {
  readonly #room: string;
  readonly #bounds: BoardBounds;
  readonly #db: Promise<IDBPDatabase<Schema> | null>;
  /** By key; null: to be deleted. */
  readonly #toWrite = new Map<string, Kept | null>();
  #writing: Promise<void> | null = null;

  constructor(tag: RoomTag, bounds = BOUNDS) {
    this.#room = bytesToHex(sha256(utf8ToBytes(`swapmeet board v1|${tag}`)));
    this.#bounds = bounds;
    this.#db = this.#open().catch(() => null);
  }

  /** Gives the batches that earlier visits and other tabs have kept, in no order. Deletes the oldest over the limit. */
  async load(): Promise<readonly Uint8Array[]> {
    await this.#writing;
    try {
      const batches = (await this.#db)?.transaction("batches").store;
      const [keys = [], kept = []] = await Promise.all([
        batches?.getAllKeys(rangeOf(this.#room)),
        batches?.getAll(rangeOf(this.#room)),
      ]);
      const newestFirst = kept
        .map(({ frame, keptAt }, i) => ({ key: keys[i]![1], frame, keptAt }))
        .sort((a, b) => b.keptAt - a.keptAt);
      let bytes = 0;
      return newestFirst.flatMap(({ key, frame }) => {
        bytes += frame.length;
        if (bytes <= this.#bounds.roomBytes) return frame;
        this.unkeep(key);
        return [];
      });
    } catch {
      return [];
    }
  }

  /** @param key names the batch, the same in every tab */
  keep(key: string, frame: Uint8Array): void {
    // A copy: the browser would store all of the buffer that a view looks at.
    this.#change(key, { frame: frame.slice(), keptAt: Date.now() });
  }

  unkeep(key: string): void {
    this.#change(key, null);
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing;
    (await this.#db)?.close();
  }

  #change(key: string, kept: Kept | null): void {
    this.#toWrite.set(key, kept);
    this.#writing ??= this.#write().finally(() => (this.#writing = null));
  }

  /** Changes that come while a transaction is under way go into the next one. */
  async #write(): Promise<void> {
    const db = await this.#db;
    while (this.#toWrite.size > 0) {
      const changes = [...this.#toWrite];
      this.#toWrite.clear();
      if (!db) return;
      try {
        const transaction = db.transaction("batches", "readwrite", { durability: "relaxed" });
        const { store } = transaction;
        await committed(transaction, async () => {
          const requests = changes.map(([key, kept]) =>
            kept ? store.put(kept, [this.#room, key]) : store.delete([this.#room, key]),
          );
          await Promise.all(requests);
        });
      } catch {
        // Full, or the browser took it away: others have the posts, and this tab as long as it lives.
      }
    }
  }

  async #open(): Promise<IDBPDatabase<Schema>> {
    const db = await openDB<Schema>(NAME, 1, {
      upgrade: (fresh) => {
        fresh.createObjectStore("batches");
        fresh.createObjectStore("rooms");
      },
    });
    await this.#visit(db).catch(() => {}); // storage is full, but stored batches can still be read
    return db;
  }

  /** This room was visited now; those that were visited longest ago make room for it. */
  async #visit(db: IDBPDatabase<Schema>): Promise<void> {
    const transaction = db.transaction(["batches", "rooms"], "readwrite");
    const [batches, rooms] = [transaction.objectStore("batches"), transaction.objectStore("rooms")];
    await committed(transaction, async () => {
      await rooms.put(Date.now(), this.#room);
      const [names, visitedAt] = await Promise.all([rooms.getAllKeys(), rooms.getAll()]);
      const oldestFirst = names
        .map((room, i) => ({ room, visitedAt: room === this.#room ? Infinity : visitedAt[i]! }))
        .sort((a, b) => a.visitedAt - b.visitedAt);
      for (const { room } of oldestFirst.slice(0, Math.max(0, names.length - this.#bounds.rooms)))
        await Promise.all([rooms.delete(room), batches.delete(rangeOf(room))]);
    });
  }
}

const rangeOf = (room: string): IDBKeyRange => IDBKeyRange.bound([room, ""], [room, "\uffff"]);
