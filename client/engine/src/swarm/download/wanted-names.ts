/** The names that one file is fetched by, and how far it was given to the person under each. */
import { entryKey, type FileEntry } from "../../names/library-entry.ts";

export interface WantedName extends FileEntry {
  state: "wanted" | "saving" | "kept" | "saved";
}

export class WantedNames implements Iterable<WantedName> {
  /** One of each, at least one. */
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

  /** The one that was asked for first. */
  get first(): string {
    return this.#names[0]?.name ?? "";
  }

  /** False when it is known. */
  add(entry: FileEntry): boolean {
    if (this.#find([entry]).length > 0) return false;
    this.#names = [...this.#names, { ...entry, state: "wanted" }];
    return true;
  }

  /** False: it is the last one, and stays. */
  remove(entry: FileEntry): boolean {
    const left = this.#names.filter((other) => entryKey(other) !== entryKey(entry));
    if (left.length > 0) this.#names = left;
    return left.length > 0;
  }

  /** Those that were not given yet are being saved from now on. */
  save(): FileEntry[] {
    const wanted = this.#names.filter(({ state }) => state === "wanted");
    for (const name of wanted) name.state = "saving";
    return wanted.map(({ name, folder }) => ({ name, folder }));
  }

  /** Under these names; absent: under all that the host knows of. */
  given(state: "kept" | "saved", entries?: readonly FileEntry[]): void {
    for (const name of this.#find(entries)) name.state = state;
  }

  /** They could not be saved, and are wanted again. */
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
