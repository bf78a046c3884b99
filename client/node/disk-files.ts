/**
 * The files of a peer in Node: the same holdings as in a page, over the file system. Shared files are read in slices
 * from where they lie, and downloads lie in their folder from the first piece on.
 */
import { hash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { access } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileIdOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile } from "@swapmeet/engine/io/io";
import { safeFileName, safeFolder } from "@swapmeet/engine/names/name";
import { hashFile } from "../src/platform/bytes/hash-file.ts";
import { hashLeavesWith, leafHashes } from "../src/platform/bytes/leaf-hashes.ts";
import { PieceReader } from "../src/platform/bytes/piece-reader.ts";
import { Holdings } from "../src/platform/files/holdings.ts";
import type { StartReading } from "../src/platform/files/shared-files.ts";
import { storesAt } from "../src/platform/store/desk-stores.ts";
import { StoreDesk } from "../src/platform/store/store-desk.ts";
import { DiskShelves } from "./disk-shelves.ts";
import { folderBelow, saveDownload } from "./downloads.ts";

hashLeavesWith((leaf) => hash("sha256", leaf, "buffer"));

export class DiskFiles {
  readonly holdings: Holdings;
  readonly #sharedPathByFile = new Map<FileId, string>();
  /** By folder and name: where a finished download is. */
  readonly #savedPathByName = new Map<string, string>();
  readonly #folderByFile = new Map<FileId, string>();

  /** `root`: downloads lie below it. It is made with the first one. */
  constructor(root: string, sharesDownloads: boolean, feed: (input: Input) => void) {
    const shelves = new DiskShelves(root, (file) => folderBelow(root, this.#folderByFile.get(file) ?? ""));
    const stores = storesAt(new StoreDesk(shelves), "disk", null);
    this.holdings = new Holdings({
      feed,
      stores: async () => stores,
      reading: readHere,
      leaves: leafHashes,
      hash: hashFile,
      save: async (blob, name, folder) => {
        const saved = await saveDownload(root, blob, { name, folder }, (path) => shelves.settle(blob, path));
        if (!saved.ok) return saved.problem;
        this.#savedPathByName.set(join(folder, name), saved.value);
        return null;
      },
      savesByItself: () => true,
      finished: (file) => sharesDownloads && feed({ type: "share-download", file }),
      saved: () => {},
      deleted: () => {},
      released: () => {},
      // A process has no other tabs.
      askTabs: () => {},
      refuseTab: () => {},
    });
  }

  /**
   * Hashes a file of the disk, to be read when somebody asks for it. Rejects when it can't be read.
   * @param folder the folders above it in the room, "/" between them, "" for none
   */
  async share(path: string, folder = ""): Promise<LocalFile> {
    await access(path); // its error names the path
    const source = await openAsBlob(path);
    const hashed = await hashFile(source, () => {}, new AbortController().signal);
    if (!hashed.ok) throw new Error(`${path}: ${hashed.problem}`);
    const { root, length, layer } = hashed.value;
    const local = {
      file: fileIdOf(root, length),
      name: safeFileName(basename(path)),
      folder: safeFolder(folder),
      layer,
    };
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
    this.#folderByFile.set(file, folder);
    this.#savedPathByName.delete(join(folder, name));
  }

  /** The path of a finished download; undefined: it is not finished yet. */
  savedPathOf(name: string, folder: string): string | undefined {
    return this.#savedPathByName.get(join(folder, name));
  }
}

/** Reads in this thread. */
const readHere: StartReading = () => {
  const desk = new PieceReader();
  return { current: { desk }, do: (job) => job(desk), terminate: () => desk.close() };
};
