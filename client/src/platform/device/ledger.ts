/**
 * The downloads that each room has under way or kept on this device, so that the next visit resumes them. Rooms are
 * known by a hash of their tag, so the ledger does not say how to enter one. Where storage is forbidden or fails, the
 * ledger is empty and forgets: this visit is not disturbed, and the next one does not resume.
 */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { sha256 } from "@noble/hashes/sha2.js";
import type { RoomTag } from "@swapmeet/shared";
import { bytesToHex, utf8ToBytes } from "@swapmeet/engine/base/bytes";
import type { FileId } from "@swapmeet/engine/names/file-id";
import { committed } from "../web/committed.ts";
import type { FileEntry } from "@swapmeet/engine/names/library-entry";

const NAME = "swapmeet-ledger";
/** The most other names in one line: a thousand equal files of a folder. Guess. */
const MAX_OTHERS = 1024;

export interface LedgerLine {
  readonly file: FileId;
  readonly name: string;
  readonly folder: string;
  /** Further names that it is fetched by; they cost no transfer. Absent in lines of an earlier version. */
  readonly others?: readonly FileEntry[];
  /** `paused`: by the person. `saved`: given to the person, and served from its store. */
  readonly state: "fetching" | "paused" | "saved";
}

export const entriesOf = ({ name, folder, others = [] }: LedgerLine): readonly FileEntry[] => [
  { name, folder },
  ...others,
];

/** The same line under these names, at least one. */
export const withEntries = (line: LedgerLine, entries: readonly FileEntry[]): LedgerLine => {
  const [first = line, ...others] = entries;
  return { ...line, name: first.name, folder: first.folder, others: others.slice(0, MAX_OTHERS) };
};

interface Schema extends DBSchema {
  lines: { key: [room: string, file: string]; value: LedgerLine };
}

export class Ledger {
  static async open(): Promise<Ledger> {
    try {
      const db = await openDB<Schema>(NAME, 1, { upgrade: (fresh) => void fresh.createObjectStore("lines") });
      return new Ledger(db);
    } catch {
      return new Ledger(null);
    }
  }

  readonly #db: IDBPDatabase<Schema> | null;

  private constructor(db: IDBPDatabase<Schema> | null) {
    this.#db = db;
  }

  /** The lines of one room, in no order. */
  async linesOf(tag: RoomTag): Promise<readonly LedgerLine[]> {
    const room = keyOf(tag);
    try {
      return (await this.#db?.getAll("lines", IDBKeyRange.bound([room, ""], [room, "\uffff"]))) ?? [];
    } catch {
      return [];
    }
  }

  /** The files of all rooms; null where nothing can be remembered. */
  async files(): Promise<ReadonlySet<FileId> | null> {
    try {
      const keys = await this.#db?.getAllKeys("lines");
      return keys ? new Set(keys.map(([, file]) => file as FileId)) : null;
    } catch {
      return null;
    }
  }

  /** Resolves when the line is on the disk, so that a browser that is killed has not forgotten it. */
  async write(tag: RoomTag, line: LedgerLine): Promise<void> {
    await this.#change((lines) => lines.put(line, [keyOf(tag), line.file]));
  }

  async erase(tag: RoomTag, file: FileId): Promise<void> {
    await this.#change((lines) => lines.delete([keyOf(tag), file]));
  }

  /** Erases the lines of these files in every room. */
  async eraseEverywhere(files: ReadonlySet<FileId>): Promise<void> {
    await this.#change(async (lines) => {
      for (const key of await lines.getAllKeys()) if (files.has(key[1] as FileId)) await lines.delete(key);
    });
  }

  async #change(change: (lines: Lines) => Promise<unknown>): Promise<void> {
    try {
      const transaction = this.#db?.transaction("lines", "readwrite", { durability: "strict" });
      if (transaction) await committed(transaction, () => change(transaction.store));
    } catch {
      // Full, or the browser took it away.
    }
  }
}

interface Lines {
  put(line: LedgerLine, key: [string, string]): Promise<unknown>;
  delete(key: [string, string]): Promise<unknown>;
  getAllKeys(): Promise<[string, string][]>;
}

const keyOf = (tag: RoomTag): string => bytesToHex(sha256(utf8ToBytes(`swapmeet ledger v1|${tag}`)));
