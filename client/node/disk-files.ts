/**
 * The files of a peer in Node: the same holdings as in a page, over the file system. Shared files are read in slices
 * from where they lie, pieces of downloads lie in a folder, and finished downloads are written to another.
 */
import { openAsBlob } from "node:fs";
import { access } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileIdOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile } from "@swapmeet/engine/io/io";
import { safeFileName } from "@swapmeet/engine/names/name";
import { hashFile } from "../src/platform/bytes/hash-file.ts";
import { leafHashes } from "../src/platform/bytes/leaf-hashes.ts";
import { PieceReader } from "../src/platform/bytes/piece-reader.ts";
import { Holdings } from "../src/platform/files/holdings.ts";
import type { StartReading } from "../src/platform/files/shared-files.ts";
import { storesAt } from "../src/platform/store/desk-stores.ts";
import { StoreDesk } from "../src/platform/store/store-desk.ts";
import { DiskShelves } from "./disk-shelves.ts";
import { writeDownload } from "./downloads.ts";

export class DiskFiles {
  readonly holdings: Holdings;
  readonly #sharedPathByFile = new Map<FileId, string>();
  /** By folder and name: where a finished download was written. */
  readonly #savedPathByName = new Map<string, string>();

  /** `folder`: pieces and downloads lie below it. It is made with the first download. */
  constructor(folder: string, feed: (input: Input) => void) {
    const opening = once(async () =>
      storesAt(new StoreDesk(await DiskShelves.at(join(folder, "pieces"))), "disk", null),
    );
    this.holdings = new Holdings({
      feed,
      stores: opening,
      reading: readHere,
      leaves: leafHashes,
      hash: hashFile,
      save: async (blob, name, path) => {
        const written = await writeDownload(join(folder, "downloads"), blob, name, path);
        if (!written.ok) return written.problem;
        this.#savedPathByName.set(join(path, name), written.value);
        return null;
      },
      savesByItself: () => true,
      finished: (file) => feed({ type: "share-download", file }),
      saved: () => {},
      deleted: () => {},
      released: () => {},
      // A process has no other tabs.
      askTabs: () => {},
      refuseTab: () => {},
    });
  }

  /** Hashes a file of the disk, to be read when somebody asks for it. Rejects when it can't be read. */
  async share(path: string): Promise<LocalFile> {
    await access(path); // its error names the path
    const source = await openAsBlob(path);
    const hashed = await hashFile(source, () => {}, new AbortController().signal);
    if (!hashed.ok) throw new Error(`${path}: ${hashed.problem}`);
    const { root, length, layer } = hashed.value;
    const local = { file: fileIdOf(root, length), name: safeFileName(basename(path)), folder: "", layer };
    this.holdings.share(local, source);
    this.#sharedPathByFile.set(local.file, path);
    return local;
  }

  sharedPathOf(file: FileId): string | undefined {
    return this.#sharedPathByFile.get(file);
  }

  /** To be called before the engine is asked to download the file. */
  expect(file: FileId, name: string, folder: string): void {
    this.holdings.stored.name(file, name, folder);
    this.#savedPathByName.delete(join(folder, name));
  }

  /** The path that a download was written to; undefined: it was not written yet. */
  savedPathOf(name: string, folder: string): string | undefined {
    return this.#savedPathByName.get(join(folder, name));
  }
}

/** Reads in this thread. */
const readHere: StartReading = () => {
  const desk = new PieceReader();
  return { current: { desk }, do: (job) => job(desk), terminate: () => desk.close() };
};

/** Calls `act` once for all; after a failure the next call tries again. */
const once = <Value>(act: () => Promise<Value>): (() => Promise<Value>) => {
  let acted: Promise<Value> | null = null;
  return () =>
    (acted ??= act().catch((error: unknown) => {
      acted = null;
      throw error;
    }));
};
