/**
 * Pieces in the origin-private file system, in a worker of a secure context. A folder per file: `data`, the file
 * itself with holes; `claims`, the hash of each stored piece; `layer`, all piece hashes, once known; `name`. The sync
 * access handles stay open: they are fast, and as the browser gives a file's handle to one holder only, they are also
 * the lock between tabs. [F6]
 */
import { equalBytes, utf8ToBytes } from "@swapmeet/engine/base/bytes";
import { HASH_BYTES, fileIdFrom, geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import { Flushes } from "./flushes.ts";
import type { Bytes } from "../bytes/leaf-hashes.ts";
import type { StoredFile } from "./piece-store.ts";
import { isFull } from "./quota.ts";
import { bytesIn, orClosed, type Reading, type Shelf, type Shelves } from "./shelf.ts";

/** A type of workers alone, so it is declared here. https://fs.spec.whatwg.org/#filesystemsyncaccesshandle */
interface SyncAccessHandle {
  read(into: Bytes, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(length: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}
type LockableFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> };

const ROOT = "swapmeet-pieces";
const UNCLAIMED = new Uint8Array(HASH_BYTES);

export class OpfsShelves implements Shelves {
  /**
   * Null where sync access handles do not work: plain http, some private windows, old browsers. Tried, not guessed.
   * Full storage is not null: the files in it are found.
   */
  static async tried(): Promise<OpfsShelves | null> {
    try {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
      await tryHandleIn(root);
      return new OpfsShelves(root);
    } catch {
      return null;
    }
  }

  readonly #root: FileSystemDirectoryHandle;

  private constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async open(file: FileId, name: string): Promise<Shelf | "in-use"> {
    const folder = await this.#root.getDirectoryHandle(file, { create: true });
    const dataFile = await fileIn(folder, "data");
    const data = await handleOf(dataFile);
    if (data === "in-use") return data;
    const claims = await orClosed(data, async () => handleOf(await fileIn(folder, "claims")));
    if (claims === "in-use") {
      data.close();
      return claims;
    }
    const close = async () => {
      data.close();
      claims.close();
    };
    await orClosed({ close }, () => keepName(folder, utf8ToBytes(name)));
    const { pieceCount, pieceLength } = geometryOf(lengthOf(file));
    const flushes = new Flushes(() => data.flush());
    return {
      layer: () => readFile(folder, "layer"),
      keepLayer: (layer) => writeFile(folder, "layer", layer),
      claims: async () => {
        const all = new Uint8Array(pieceCount * HASH_BYTES);
        readInto(all, claims, 0);
        return all;
      },
      write: async (piece, hash, bytes) => {
        writeAll(data, bytes, piece * pieceLength);
        await flushes.soon();
        mustReach(data, piece * pieceLength + bytes.length);
        // Not flushed: a claim that a power cut takes is a piece fetched again, never a false one.
        writeAll(claims, hash, piece * HASH_BYTES);
      },
      unclaim: async (piece) => writeAll(claims, UNCLAIMED, piece * HASH_BYTES),
      read: async (piece, offset, length) =>
        readInto(new Uint8Array(length), data, piece * pieceLength + offset),
      blob: () => dataFile.getFile(),
      close,
      remove: async () => {
        await close();
        await this.#root.removeEntry(file, { recursive: true });
      },
    };
  }

  /** Reads the pieces that the file's holder has flushed. */
  async look(file: FileId): Promise<Reading | null> {
    const folder = await this.#root.getDirectoryHandle(file).catch(() => null);
    const data = await folder?.getFileHandle("data").then(
      (handle) => handle.getFile(),
      () => null,
    );
    if (!folder || !data) return null;
    const { pieceCount, pieceLength } = geometryOf(lengthOf(file));
    return {
      layer: () => readFile(folder, "layer"),
      claims: async () => {
        const all = new Uint8Array(pieceCount * HASH_BYTES);
        all.set((await readFile(folder, "claims")).subarray(0, all.length));
        return all;
      },
      read: async (piece, offset, length) => {
        const begin = piece * pieceLength + offset;
        return new Uint8Array(await data.slice(begin, begin + length).arrayBuffer());
      },
      blob: async () => data,
    };
  }

  async list(): Promise<readonly StoredFile[]> {
    const stored: StoredFile[] = [];
    for await (const [text, folder] of this.#root.entries()) {
      const file = fileIdFrom(text);
      if (file && folder.kind === "directory")
        stored.push(await storedIn(folder as FileSystemDirectoryHandle, file));
    }
    return stored;
  }
}

const tryHandleIn = async (root: FileSystemDirectoryHandle): Promise<void> => {
  const name = `trial-${crypto.randomUUID()}`;
  try {
    await writeFile(root, name, Uint8Array.of(1));
  } catch (error) {
    if (!isFull(error)) throw error;
  } finally {
    await root.removeEntry(name).catch(() => {}); // where it could not even be made
  }
};

const fileIn = (folder: FileSystemDirectoryHandle, name: string): Promise<LockableFile> =>
  folder.getFileHandle(name, { create: true }) as Promise<LockableFile>;

const handleOf = async (file: LockableFile): Promise<SyncAccessHandle | "in-use"> => {
  try {
    return await file.createSyncAccessHandle();
  } catch (error) {
    if (error instanceof DOMException && error.name === "NoModificationAllowedError") return "in-use";
    throw error;
  }
};

/**
 * Not every full disk throws. Some are short writes, and Chromium's private windows return the error itself: -8, read
 * as unsigned (https://crbug.com/541725401). So anything but all bytes is a full disk.
 */
const writeAll = (handle: SyncAccessHandle, bytes: Uint8Array, at: number): void => {
  if (handle.write(bytes, { at }) !== bytes.length) throw full("not all bytes were written");
};

/** A piece may be claimed only when the bytes that were written and flushed are in the file. */
const mustReach = (handle: SyncAccessHandle, length: number): void => {
  if (!(handle.getSize() >= length)) throw full("the file is shorter than what was written");
};

const full = (what: string): DOMException => new DOMException(what, "QuotaExceededError");

/** The part of `into` that was read. A number of bytes that can't be is an error, as with writes. */
const readInto = (into: Bytes, handle: SyncAccessHandle, at: number): Bytes => {
  const count = handle.read(into, { at });
  if (!(count >= 0 && count <= into.length)) throw new DOMException("not readable", "NotReadableError");
  return into.subarray(0, count);
};

const writeFile = async (
  folder: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array,
): Promise<void> => {
  const handle = await fileIn(folder, name).then((file) => file.createSyncAccessHandle());
  try {
    handle.truncate(0);
    writeAll(handle, bytes, 0);
    handle.flush();
    mustReach(handle, bytes.length);
  } finally {
    handle.close();
  }
};

/** Does not write a name that is there already, since writing needs room. */
const keepName = async (folder: FileSystemDirectoryHandle, name: Uint8Array): Promise<void> => {
  if (!equalBytes(await readFile(folder, "name"), name)) await writeFile(folder, "name", name);
};

/** Read without a lock: it may be open in another tab. A file that a crash left half made counts as empty. */
const readFile = async (folder: FileSystemDirectoryHandle, name: string): Promise<Bytes> => {
  try {
    return new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());
  } catch {
    return new Uint8Array();
  }
};

const storedIn = async (folder: FileSystemDirectoryHandle, file: FileId): Promise<StoredFile> => {
  const claims = await readFile(folder, "claims");
  const pieces: number[] = [];
  for (let at = 0; at < claims.length; at += HASH_BYTES)
    if (claims.subarray(at, at + HASH_BYTES).some((byte) => byte !== 0)) pieces.push(at / HASH_BYTES);
  const name = new TextDecoder().decode(await readFile(folder, "name"));
  return { file, name, bytes: bytesIn(file, pieces) };
};
