/**
 * Files on their way into the library: found, hashed, handed over in batches. Ten thousand small files are a hundred
 * or two jobs, and the page breathes between the looks at their sizes.
 */
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import type { LocalFile } from "@swapmeet/engine/io/io";
import type { LibraryEntry } from "@swapmeet/engine/names/library-entry";
import { safeFileName, safeFolder } from "@swapmeet/engine/names/name";
import { breathe } from "../workers/breath.ts";
import type { HashProblem } from "../bytes/hash-file.ts";
import type { Hasher } from "../bytes/hasher.ts";
import type { PickedFile } from "./dropped-files.ts";

/** A batch is hashed by one worker in well under a second, and cancelled files are few. Guess. */
const BATCH_FILES = 64;
const BATCH_BYTES = 8 * 1024 * 1024;
const PROBLEMS_SHOWN = 5;

export type AddingProblem = Exclude<HashProblem, "cancelled">;

/** Files being hashed before they can be shared. */
export interface AddingView {
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  readonly bytesDone: number;
  /** Up to a handful that could not be read. */
  readonly problems: readonly { readonly name: string; readonly reason: AddingProblem }[];
  readonly active: boolean;
}

/** A hashed file and where its bytes are. */
export interface AddedFile {
  readonly local: LocalFile;
  readonly source: File;
}

export interface AddingListener {
  added(files: readonly AddedFile[]): void;
  /** The view has changed. */
  changed(): void;
}

const IDLE: AddingView = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, problems: [], active: false };

export class Adding {
  readonly #hasher: Hasher;
  readonly #listener: AddingListener;
  #view = IDLE;
  /** One for each call of `add` that is under way. */
  readonly #running = new Set<AbortController>();

  constructor(hasher: Hasher, listener: AddingListener) {
    this.#hasher = hasher;
    this.#listener = listener;
  }

  /** Counts everything since the library was last at rest. */
  get view(): AddingView {
    return this.#view;
  }

  /**
   * Resolves when all of them are handed over, have failed, or are cancelled.
   * @param until cancels these alone
   * @returns the files that were handed over
   */
  async add(
    files: Iterable<PickedFile> | AsyncIterable<PickedFile>,
    until?: AbortSignal,
  ): Promise<readonly LibraryEntry[]> {
    const cancelling = new AbortController();
    const { signal } = cancelling;
    until?.addEventListener("abort", () => cancelling.abort(), { signal });
    if (this.#running.size === 0) this.#change({ ...IDLE, active: true });
    this.#running.add(cancelling);
    try {
      const jobs: Promise<readonly LibraryEntry[]>[] = [];
      for await (const batch of batchesOf(files)) {
        if (signal.aborted) break;
        this.#change({ files: this.#view.files + batch.length, bytes: this.#view.bytes + bytesOf(batch) });
        jobs.push(this.#hash(batch, signal));
      }
      return (await Promise.all(jobs)).flat();
    } finally {
      this.#running.delete(cancelling);
      if (this.#running.size === 0) this.#change({ active: false });
    }
  }

  /** Files that were handed over already stay. */
  cancel(): void {
    for (const cancelling of this.#running) cancelling.abort();
  }

  async #hash(batch: readonly PickedFile[], signal: AbortSignal): Promise<readonly LibraryEntry[]> {
    const count = (bytes: number) => this.#change({ bytesDone: this.#view.bytesDone + bytes });
    const results = await this.#hasher.hash(
      batch.map(({ file }) => file),
      count,
      signal,
    );
    const added: AddedFile[] = [];
    const problems = [...this.#view.problems];
    for (const [i, { file, folder }] of batch.entries()) {
      const result = results[i]!;
      if (result.ok) {
        const { root, length, layer } = result.value;
        const name = safeFileName(file.name);
        added.push({
          local: { file: fileIdOf(root, length), name, folder: safeFolder(folder), layer },
          source: file,
        });
      } else if (result.problem !== "cancelled" && problems.length < PROBLEMS_SHOWN)
        problems.push({ name: safeFileName(file.name), reason: result.problem });
    }
    if (added.length > 0) this.#listener.added(added);
    this.#change({ filesDone: this.#view.filesDone + batch.length, problems });
    return added.map(({ local: { file, name, folder } }) => ({ file, name, folder }));
  }

  #change(change: Partial<AddingView>): void {
    this.#view = { ...this.#view, ...change };
    this.#listener.changed();
  }
}

const bytesOf = (batch: readonly PickedFile[]): number => batch.reduce((sum, { file }) => sum + file.size, 0);

/** The first look at a file's size is a call into the browser's process: hence the breaths. */
async function* batchesOf(
  files: Iterable<PickedFile> | AsyncIterable<PickedFile>,
): AsyncGenerator<readonly PickedFile[]> {
  let batch: PickedFile[] = [];
  let bytes = 0;
  for await (const picked of files) {
    if (batch.length === BATCH_FILES || (batch.length > 0 && bytes + picked.file.size > BATCH_BYTES)) {
      yield batch;
      await breathe();
      batch = [];
      bytes = 0;
    }
    batch.push(picked);
    bytes += picked.file.size;
  }
  if (batch.length > 0) yield batch;
}
