/**
 * What this peer has put on its table: entries of a file, a name and a folder. Several entries may be one file; each is
 * shared, listed and taken back by itself. [C1b]
 */
import type { FileId } from "./names/file-id.ts";
import type { LocalFile, ReadProblem } from "./io/io.ts";
import { libraryKey, type LibraryEntry } from "./names/library-entry.ts";

interface Item {
  readonly local: LocalFile;
  /** Number of the share entry that stands in the feed; null when it was taken back because of the problem. */
  share: number | null;
  problem: ReadProblem | null;
}

export class Library {
  readonly #itemByEntry = new Map<string, Item>();
  readonly #itemsByFile = new Map<FileId, Set<Item>>();

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

  /** False: it is offered already. What could not be read is offered anew, from where it lies now. */
  add(local: LocalFile): boolean {
    const key = libraryKey(local);
    const before = this.#itemByEntry.get(key);
    if (before && !before.problem) return false;
    const items = this.#itemsByFile.get(local.file) ?? new Set();
    const item: Item = { local, share: null, problem: null };
    if (before) items.delete(before);
    this.#itemsByFile.set(local.file, items.add(item));
    this.#itemByEntry.set(key, item);
    return true;
  }

  /** That entry of the feed offers it. */
  shared(local: LocalFile, share: number): void {
    const item = this.#itemByEntry.get(libraryKey(local));
    if (item) item.share = share;
  }

  /** @returns the number of the share entry to take back, if one stands */
  remove(entry: LibraryEntry): number | null {
    const item = this.#itemByEntry.get(libraryKey(entry));
    if (!item) return null;
    this.#itemByEntry.delete(libraryKey(entry));
    const items = this.#itemsByFile.get(entry.file)!;
    items.delete(item);
    if (items.size === 0) this.#itemsByFile.delete(entry.file);
    return item.share;
  }

  /** It cannot be read any more, by whatever name. @returns the numbers of the share entries to take back */
  unreadable(file: FileId, problem: ReadProblem): number[] {
    const shares: number[] = [];
    for (const item of this.#itemsByFile.get(file) ?? []) {
      if (item.share !== null) shares.push(item.share);
      item.share = null;
      item.problem ??= problem;
    }
    return shares;
  }
}
