/** The names under which one file is wanted, each with a state: how far the file was given to the person. */
import { entryKey, type FileEntry } from "../../names/library-entry.ts";

export interface WantedName extends FileEntry {
  state: "wanted" | "saving" | "kept" | "saved";
}

export class WantedNames implements Iterable<WantedName> {
  /** There is at least one, and none twice. */
  #names: readonly WantedName[];

  constructor(first: FileEntry) {
    this.#names = [{ ...first, state: "wanted" }];
  }

  [Symbol.iterator](): IterableIterator<WantedName> {
    return this.#names[Symbol.iterator]();
  }

  get entries(): readonly FileEntry[] {
    return this.#names;
  }

  /** The name that was asked for first. */
  get first(): string {
    return this.#names[0]?.name ?? "";
  }

  /** Adds a name. False: it is known already. */
  add(entry: FileEntry): boolean {
    if (this.#find([entry]).length > 0) return false;
    this.#names = [...this.#names, { ...entry, state: "wanted" }];
    return true;
  }

  /** Removes a name. False: it is the last one, and stays. */
  remove(entry: FileEntry): boolean {
    const left = this.#names.filter((other) => entryKey(other) !== entryKey(entry));
    if (left.length > 0) this.#names = left;
    return left.length > 0;
  }

  /** The names that the file was not given under yet: from now on it is being saved under them. */
  save(): FileEntry[] {
    const wanted = this.#names.filter(({ state }) => state === "wanted");
    for (const name of wanted) name.state = "saving";
    return wanted.map(({ name, folder }) => ({ name, folder }));
  }

  /** The file was given under these names; absent: under all that the host knows of. */
  given(state: "kept" | "saved", entries?: readonly FileEntry[]): void {
    for (const name of this.#find(entries)) name.state = state;
  }

  /** The file could not be saved under these names: they are wanted again. */
  failed(entries?: readonly FileEntry[]): void {
    for (const name of this.#find(entries)) name.state = "wanted";
  }

  has(state: WantedName["state"]): boolean {
    return this.#names.some((name) => name.state === state);
  }

  #find(entries?: readonly FileEntry[]): WantedName[] {
    const keys = new Set(entries?.map(entryKey));
    return this.#names.filter((name) =>
      entries ? keys.has(entryKey(name)) : name.state === "saving" || name.state === "kept",
    );
  }
}
