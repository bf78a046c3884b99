/**
 * Pieces in IndexedDB, for plain http. A piece is one record, its bytes and the hash that claims it, so both are
 * there or neither is. The bytes are a Blob: the browser keeps those in files, and the whole file is a Blob of Blobs.
 *
 * One tab holds a file: its name stands in the file's record, and every write looks there first, in the same
 * transaction. Whether a holder is still alive is asked over a BroadcastChannel; there are no Web Locks here. [F6]
 */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { bytesToHex } from "@swapmeet/engine/base/bytes";
import { afterAwake } from "../web/awake-timer.ts";
import { HASH_BYTES, fileIdFrom, geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import { committed } from "../web/committed.ts";
import type { StoredFile } from "./piece-store.ts";
import { isFull } from "./quota.ts";
import { bytesIn, type Reading, type Shelf, type Shelves } from "./shelf.ts";

const NAME = "swapmeet-pieces";
/** A living worker answers within a few milliseconds. One that is frozen loses its file, and its next write fails. Guess. */
const HOLDER_ANSWERS_WITHIN_MS = 500;

interface FileRecord {
  readonly name: string;
  readonly holder: string | null;
  /** The piece hashes, joined, once known. */
  readonly layer?: Uint8Array;
}

interface Schema extends DBSchema {
  files: { key: string; value: FileRecord };
  pieces: { key: [file: string, piece: number]; value: { readonly hash: Uint8Array; readonly bytes: Blob } };
}

type TabMessage = { readonly type: "who-holds" | "held"; readonly file: FileId };

export class IdbShelves implements Shelves {
  /** Null where IndexedDB takes no Blob. Full storage is not null: the files in it are found. */
  static async tried(): Promise<IdbShelves | null> {
    try {
      const db = await openDB<Schema>(NAME, 1, {
        upgrade: (fresh) => {
          fresh.createObjectStore("files");
          fresh.createObjectStore("pieces");
        },
      });
      if (await takesBlobs(db)) return new IdbShelves(db);
      db.close();
      return null;
    } catch {
      return null;
    }
  }

  readonly #db: IDBPDatabase<Schema>;
  readonly #me = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
  readonly #held = new Set<FileId>();
  readonly #channel = new BroadcastChannel(NAME);

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
    this.#channel.addEventListener("message", ({ data }: MessageEvent<TabMessage>) => {
      if (data.type === "who-holds" && this.#held.has(data.file))
        this.#tell({ type: "held", file: data.file });
    });
  }

  async open(file: FileId, name: string): Promise<Shelf | "in-use"> {
    const holder = (await this.#db.get("files", file))?.holder ?? null;
    if (this.#held.has(file) || (holder !== null && (await this.#answers(file)))) return "in-use";
    return (await this.#take(file, name, holder)) ? this.#shelfOf(file) : "in-use";
  }

  async look(file: FileId): Promise<Reading | null> {
    return (await this.#db.get("files", file)) ? this.#readingOf(file) : null;
  }

  async list(): Promise<readonly StoredFile[]> {
    const stored: StoredFile[] = [];
    for (const text of await this.#db.getAllKeys("files")) {
      const file = fileIdFrom(text);
      const record = await this.#db.get("files", text);
      if (!file || !record) continue;
      const pieces = await this.#db.getAllKeys("pieces", piecesOf(file));
      stored.push({
        file,
        name: record.name,
        bytes: bytesIn(
          file,
          pieces.map(([, piece]) => piece),
        ),
      });
    }
    return stored;
  }

  #readingOf(file: FileId): Reading {
    const { pieceCount } = geometryOf(lengthOf(file));
    return {
      layer: async () => new Uint8Array((await this.#db.get("files", file))?.layer ?? []),
      claims: async () => {
        const claims = new Uint8Array(pieceCount * HASH_BYTES);
        const transaction = this.#db.transaction("pieces");
        for await (const { key, value } of transaction.store.iterate(piecesOf(file)))
          if (key[1] < pieceCount) claims.set(value.hash, key[1] * HASH_BYTES);
        return claims;
      },
      read: async (piece, offset, length) => {
        const stored = await this.#db.get("pieces", [file, piece]);
        return new Uint8Array(
          await (stored?.bytes ?? new Blob()).slice(offset, offset + length).arrayBuffer(),
        );
      },
      blob: async () => new Blob((await this.#db.getAll("pieces", piecesOf(file))).map(({ bytes }) => bytes)),
    };
  }

  #shelfOf(file: FileId): Shelf {
    return {
      ...this.#readingOf(file),
      write: (piece, hash, bytes) =>
        this.#change(file, (pieces) => pieces.put({ hash, bytes: new Blob([bytes]) }, [file, piece])),
      unclaim: (piece) => this.#change(file, (pieces) => pieces.delete([file, piece])),
      keepLayer: (layer) => this.#record(file, { layer }),
      close: async () => {
        this.#held.delete(file);
        try {
          await this.#record(file, { holder: null });
        } catch (error) {
          if (!(error instanceof DOMException)) throw error; // full: other tabs will find this holder gone
        }
      },
      remove: async () => {
        this.#held.delete(file);
        const transaction = this.#db.transaction(["files", "pieces"], "readwrite");
        await committed(transaction, async () => {
          if ((await transaction.objectStore("files").get(file))?.holder !== this.#me) return;
          await transaction.objectStore("pieces").delete(piecesOf(file));
          await transaction.objectStore("files").delete(file);
        });
      },
    };
  }

  /** Takes the file from a dead `holder`, or from none, unless another tab was faster. */
  async #take(file: FileId, name: string, holder: string | null): Promise<boolean> {
    const transaction = this.#db.transaction("files", "readwrite");
    const free = await committed(transaction, async () => {
      const record = await transaction.store.get(file);
      const isFree = (record?.holder ?? null) === holder;
      if (isFree) await transaction.store.put({ ...record, name, holder: this.#me }, file);
      return isFree;
    });
    if (free) this.#held.add(file);
    return free;
  }

  /** Notes something about a file that is ours. */
  async #record(file: FileId, facts: Partial<FileRecord>): Promise<void> {
    const transaction = this.#db.transaction("files", "readwrite");
    await committed(transaction, async () => {
      const record = await transaction.store.get(file);
      if (record?.holder === this.#me) await transaction.store.put({ ...record, ...facts }, file);
    });
  }

  /** Strict: on the disk when it is done, as far as the browser can tell. [F5] */
  async #change(
    file: FileId,
    change: (pieces: { put: PutPiece; delete: DeletePiece }) => Promise<unknown>,
  ): Promise<void> {
    const transaction = this.#db.transaction(["files", "pieces"], "readwrite", { durability: "strict" });
    const mine = await committed(transaction, async () => {
      const isMine = (await transaction.objectStore("files").get(file))?.holder === this.#me;
      if (isMine) await change(transaction.objectStore("pieces"));
      return isMine;
    });
    if (!mine) throw new DOMException("another tab has taken this download over", "InvalidStateError");
  }

  #answers(file: FileId): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (answered: boolean) => {
        stop();
        this.#channel.removeEventListener("message", hear);
        resolve(answered);
      };
      const hear = ({ data }: MessageEvent<TabMessage>) => {
        if (data.type === "held" && data.file === file) end(true);
      };
      const stop = afterAwake(HOLDER_ANSWERS_WITHIN_MS, () => end(false));
      this.#channel.addEventListener("message", hear);
      this.#tell({ type: "who-holds", file });
    });
  }

  #tell(message: TabMessage): void {
    this.#channel.postMessage(message);
  }
}

const takesBlobs = async (db: IDBPDatabase<Schema>): Promise<boolean> => {
  const trial: [string, number] = ["trial", Math.random()];
  try {
    await db.put("pieces", { hash: new Uint8Array(HASH_BYTES), bytes: new Blob(["trial"]) }, trial);
    return (await (await db.get("pieces", trial))?.bytes.text()) === "trial";
  } catch (error) {
    return isFull(error);
  } finally {
    await db.delete("pieces", trial).catch(() => {});
  }
};

type Piece = Schema["pieces"];
type PutPiece = (value: Piece["value"], key: Piece["key"]) => Promise<unknown>;
type DeletePiece = (key: Piece["key"]) => Promise<unknown>;

const piecesOf = (file: FileId): IDBKeyRange => IDBKeyRange.bound([file, 0], [file, Infinity]);
