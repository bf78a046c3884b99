/**
 * The library: the files that this peer shares, as entries of a file, a name and a folder. Several entries may be of
 * one file; each is shared, listed and taken back by itself. [C1b]
 *
 * It alone writes this peer's library feed, and so it knows the sequence numbers of the entries that it writes.
 */
import type { Entry } from "./feed/entry.ts";
import type { FileId } from "./names/file-id.ts";
import type { LocalFile, ReadProblem } from "./io/io.ts";
import { libraryKey, type LibraryEntry } from "./names/library-entry.ts";

interface Item {
  readonly local: LocalFile;
  /** Number of its share entry in the feed; null when that was taken back because of the problem. */
  share: number | null;
  problem: ReadProblem | null;
}

export type LibraryEvent =
  | { readonly type: "append"; readonly topic: "library"; readonly entries: readonly Entry[] }
  /** The file may be served. */
  | { readonly type: "offered"; readonly local: LocalFile }
  /** The file may not be served any more. */
  | { readonly type: "taken-back"; readonly file: FileId };

export class Library {
  readonly #queue: (event: LibraryEvent) => void;
  /** Number of the next entry in the feed. */
  #nextSeq = 0;
  readonly #itemByEntry = new Map<string, Item>();
  readonly #itemsByFile = new Map<FileId, Set<Item>>();

  constructor(queue: (event: LibraryEvent) => void) {
    this.#queue = queue;
  }

  share(files: readonly LocalFile[]): void {
    const fresh = files.flatMap((local) => this.#add(local) ?? []);
    const first = this.#append(
      fresh.map(({ local: { file, name, folder } }) => ({ type: "share", file, name, folder })),
    );
    for (const [i, item] of fresh.entries()) {
      item.share = first + i;
      this.#queue({ type: "offered", local: item.local });
    }
  }

  unshare(entries: readonly LibraryEntry[]): void {
    const shares = entries.map((entry) => this.#remove(entry));
    for (const file of new Set(entries.map((entry) => entry.file))) {
      const local = this.offered(file);
      this.#queue(local ? { type: "offered", local } : { type: "taken-back", file });
    }
    this.#takeBack(shares.filter((share) => share !== null));
  }

  /** A file that cannot be read stays listed here, with the reason, and is offered under none of its names. [S17] */
  withdraw(file: FileId, problem: ReadProblem): void {
    const shares: number[] = [];
    for (const item of this.#itemsByFile.get(file) ?? []) {
      if (item.share !== null) shares.push(item.share);
      item.share = null;
      item.problem ??= problem;
    }
    this.#takeBack(shares);
  }

  /** In the order they came. */
  items(): IterableIterator<Pick<Item, "local" | "problem">> {
    return this.#itemByEntry.values();
  }

  /** The file under one of the names that it is offered by; null when it is not offered. */
  offered(file: FileId): LocalFile | null {
    for (const { local, problem } of this.#itemsByFile.get(file) ?? []) if (!problem) return local;
    return null;
  }

  entriesOf(file: FileId): LocalFile[] {
    return [...(this.#itemsByFile.get(file) ?? [])].map(({ local }) => local);
  }

  /** Null: the entry is offered already. One whose file could not be read is offered anew, from its present place. */
  #add(local: LocalFile): Item | null {
    const key = libraryKey(local);
    const before = this.#itemByEntry.get(key);
    if (before && !before.problem) return null;
    const items = this.#itemsByFile.get(local.file) ?? new Set();
    const item: Item = { local, share: null, problem: null };
    if (before) items.delete(before);
    this.#itemsByFile.set(local.file, items.add(item));
    this.#itemByEntry.set(key, item);
    return item;
  }

  /** @returns the number of the share entry to take back, or null */
  #remove(entry: LibraryEntry): number | null {
    const item = this.#itemByEntry.get(libraryKey(entry));
    if (!item) return null;
    this.#itemByEntry.delete(libraryKey(entry));
    const items = this.#itemsByFile.get(entry.file)!;
    items.delete(item);
    if (items.size === 0) this.#itemsByFile.delete(entry.file);
    return item.share;
  }

  #takeBack(shares: readonly number[]): void {
    this.#append(shares.map((share) => ({ type: "unshare", share })));
  }

  /** @returns the number of the first of these entries */
  #append(entries: readonly Entry[]): number {
    const first = this.#nextSeq;
    this.#nextSeq += entries.length;
    if (entries.length > 0) this.#queue({ type: "append", topic: "library", entries });
    return first;
  }
}
