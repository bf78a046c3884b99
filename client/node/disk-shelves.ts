/**
 * Pieces on the file system, for a peer without a browser. A folder per file: `data`, the file itself with holes;
 * `claims`, the hash of each stored piece; `layer`, all piece hashes, once known; `name`; and `held-…`, a file that
 * names the process that holds the folder. Failures are thrown as the DOMExceptions that the desk knows.
 */
import { randomUUID } from "node:crypto";
import { openAsBlob } from "node:fs";
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { equalBytes, utf8ToBytes } from "@swapmeet/engine/base/bytes";
import { HASH_BYTES, fileIdFrom, geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Bytes } from "../src/platform/bytes/leaf-hashes.ts";
import { Flushes } from "../src/platform/store/flushes.ts";
import type { StoredFile } from "../src/platform/store/piece-store.ts";
import { bytesIn, orClosed, type Reading, type Shelf, type Shelves } from "../src/platform/store/shelf.ts";

const UNCLAIMED = new Uint8Array(HASH_BYTES);
/** Folders on their way to be deleted. */
const REMOVED = "removed-";

export class DiskShelves implements Shelves {
  /** `root`: a folder that these shelves have for themselves; it need not exist. */
  static at(root: string): Promise<DiskShelves> {
    return named(async () => {
      await mkdir(root, { recursive: true });
      // A process that was killed while it deleted them has left these.
      for (const entry of await readdir(root))
        if (entry.startsWith(REMOVED)) await rm(join(root, entry), { recursive: true, force: true });
      return new DiskShelves(root);
    });
  }

  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  open(file: FileId, name: string): Promise<Shelf | "in-use"> {
    return named(async () => {
      const folder = join(this.#root, file);
      await mkdir(folder, { recursive: true });
      const release = await hold(folder);
      return release
        ? orClosed({ close: release }, () => this.#shelfIn(folder, file, name, release))
        : "in-use";
    });
  }

  /** Reads the data that the folder's holder has written, without holding it. */
  look(file: FileId): Promise<Reading | null> {
    return named(async () => {
      const folder = join(this.#root, file);
      if (!(await exists(join(folder, "data")))) return null;
      return readingIn(folder, file, (piece, offset, length) =>
        withFile(join(folder, "data"), "r", (data) => readAt(data, positionOf(file, piece) + offset, length)),
      );
    });
  }

  list(): Promise<readonly StoredFile[]> {
    return named(async () => {
      const stored: StoredFile[] = [];
      for (const entry of await readdir(this.#root)) {
        const file = fileIdFrom(entry);
        if (file) stored.push(await storedIn(join(this.#root, entry), file));
      }
      return stored;
    });
  }

  async #shelfIn(folder: string, file: FileId, name: string, release: () => Promise<void>): Promise<Shelf> {
    await keepWhole(folder, "name", utf8ToBytes(name));
    const data = await openForWriting(join(folder, "data"));
    const claims = await orClosed(data, () => openForWriting(join(folder, "claims")));
    const flushes = new Flushes(() => data.datasync());
    const close = async () => {
      await Promise.all([data.close(), claims.close()]);
      await release();
    };
    return {
      ...readingIn(folder, file, (piece, offset, length) =>
        readAt(data, positionOf(file, piece) + offset, length),
      ),
      keepLayer: (layer) => named(() => keepWhole(folder, "layer", layer)),
      write: (piece, hash, bytes) =>
        named(async () => {
          await writeAt(data, positionOf(file, piece), bytes);
          await flushes.soon();
          // Not flushed: a claim that a power cut takes is a piece fetched again, never a false one.
          await writeAt(claims, piece * HASH_BYTES, hash);
        }),
      unclaim: (piece) => named(() => writeAt(claims, piece * HASH_BYTES, UNCLAIMED)),
      close: () => named(close),
      remove: () =>
        named(async () => {
          await close();
          // Renamed in one step, so that nobody opens a folder of which a part is gone.
          const removed = join(this.#root, REMOVED + randomUUID());
          await rename(folder, removed);
          await rm(removed, { recursive: true });
        }),
    };
  }
}

/**
 * Holds a folder alone, among all processes. Two that try at once may both fail, but never both succeed: each makes a
 * file of its own first and then looks for those of others. A file of a process that has ended does not count.
 * @returns a function that releases the folder; null: another holds it
 */
const hold = async (folder: string): Promise<(() => Promise<void>) | null> => {
  const mine = `held-${process.pid}-${randomUUID()}`;
  const release = () => rm(join(folder, mine), { force: true });
  await writeFile(join(folder, mine), "");
  const entries = await readdir(folder).catch((): string[] => []);
  let isMine = entries.includes(mine); // or the folder was removed meanwhile
  for (const entry of entries) {
    const [, pid] = /^held-(\d+)-/.exec(entry) ?? [];
    if (pid === undefined || entry === mine) continue;
    if (isRunning(Number(pid))) isMine = false;
    else await rm(join(folder, entry), { force: true });
  }
  if (isMine) return release;
  await release();
  return null;
};

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM"; // somebody else's
  }
};

const readingIn = (folder: string, file: FileId, read: Reading["read"]): Reading => ({
  layer: () => readWhole(folder, "layer"),
  claims: async () => {
    const all = new Uint8Array(geometryOf(lengthOf(file)).pieceCount * HASH_BYTES);
    all.set((await readWhole(folder, "claims")).subarray(0, all.length));
    return all;
  },
  read: (piece, offset, length) => named(() => read(piece, offset, length)),
  blob: () => named(() => openAsBlob(join(folder, "data"))),
});

const positionOf = (file: FileId, piece: number): number => piece * geometryOf(lengthOf(file)).pieceLength;

const openForWriting = async (path: string): Promise<FileHandle> => {
  await withFile(path, "a", async () => {}); // so that it exists
  return open(path, "r+");
};

const withFile = async <Value>(
  path: string,
  flags: string,
  act: (file: FileHandle) => Promise<Value>,
): Promise<Value> => {
  const file = await open(path, flags);
  try {
    return await act(file);
  } finally {
    await file.close();
  }
};

/** The file system may take less than it is given. */
const writeAt = async (file: FileHandle, position: number, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
};

/** Reads `length` bytes, or fewer where the file ends. */
const readAt = async (file: FileHandle, position: number, length: number): Promise<Bytes> => {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
};

/** Writes all of the file or nothing. A file that has these bytes already needs no room. */
const keepWhole = async (folder: string, name: string, bytes: Uint8Array): Promise<void> => {
  if (equalBytes(await readWhole(folder, name), bytes)) return;
  const fresh = join(folder, `${name}.new`);
  await withFile(fresh, "w", async (file) => {
    await writeAt(file, 0, bytes);
    await file.datasync();
  });
  await rename(fresh, join(folder, name));
};

/** The whole file; empty where there is none. */
const readWhole = async (folder: string, name: string): Promise<Bytes> => {
  try {
    return new Uint8Array(await readFile(join(folder, name)));
  } catch {
    return new Uint8Array();
  }
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const storedIn = async (folder: string, file: FileId): Promise<StoredFile> => {
  const claims = await readWhole(folder, "claims");
  const pieces: number[] = [];
  for (let at = 0; at < claims.length; at += HASH_BYTES)
    if (claims.subarray(at, at + HASH_BYTES).some((byte) => byte !== 0)) pieces.push(at / HASH_BYTES);
  const name = new TextDecoder().decode(await readWhole(folder, "name"));
  return { file, name, bytes: bytesIn(file, pieces) };
};

/** Gives a failure of the file system the name that a browser would give it. */
const named = async <Value>(act: () => Promise<Value>): Promise<Value> => {
  try {
    return await act();
  } catch (error) {
    throw asBrowserError(error);
  }
};

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Errors that do not come from the file system stay as they are. */
export const asBrowserError = (error: unknown): unknown => {
  const code = codeOf(error);
  if (!(error instanceof Error) || code === null) return error;
  return new DOMException(error.message, FULL.has(code) ? "QuotaExceededError" : "NotReadableError");
};

/** The code of an error of the operating system, such as `ENOENT`; null for other errors. */
const codeOf = (error: unknown): string | null =>
  error instanceof Error && "code" in error && "syscall" in error ? String(error.code) : null;
