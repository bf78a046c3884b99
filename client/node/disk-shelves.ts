/**
 * Downloads on the file system, for a peer without a browser, each in the folder where it will lie. `NAME.part` is the
 * file itself, with holes. `NAME.part.claims` beside it begins with a header that names the file; the hashes of the
 * stored pieces follow, and then the piece layer, once known. A file `.….part.held-…` names the
 * process that writes them. Failures are thrown as the DOMExceptions that the desk knows.
 */
import { openAsBlob } from "node:fs";
import { link, mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { utf8ToBytes } from "@swapmeet/engine/base/bytes";
import { HASH_BYTES, fileIdFrom, geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import { portableFileName, safeFileName } from "@swapmeet/engine/names/name";
import type { Bytes } from "../src/platform/bytes/leaf-hashes.ts";
import { numbered } from "../src/platform/saving/folder.ts";
import { Flushes } from "../src/platform/store/flushes.ts";
import type { StoredFile } from "../src/platform/store/piece-store.ts";
import { bytesIn, orClosed, type Reading, type Shelf, type Shelves } from "../src/platform/store/shelf.ts";
import { codeOf, hold, named, readAt, readWhole, withFile, writeAt } from "./disk.ts";

const PART = ".part";
const CLAIMS = ".part.claims";
/** The header is one line of JSON, filled up with spaces. A name of 255 bytes may take six times as much in JSON. */
const HEADER_BYTES = 2048;
/** Leaves room for the endings in the 255 bytes that a name may have. */
const MAX_STEM_BYTES = 180;
/** So many digits of the root tell the downloads of a folder apart. */
const NAMED_BY_DIGITS = 32;
/** How many names are tried: the name itself, then with " (2)" and so on. Guess. */
const MAX_NAMES_TRIED = 1000;
const UNCLAIMED = new Uint8Array(HASH_BYTES);

/** A part of a download, or the claims about one: no file to be shared. */
export const isPart = (name: string): boolean => /\.part(\.claims)?$|\.part\.held-\d/.test(name);

/** The two files of a download, by their path without an ending, which changes when the file gets its own name. */
interface Place {
  readonly stem: string;
  /** Where the bytes lie: `NAME.part`, and in the end the file itself. */
  data: string;
}

export class DiskShelves implements Shelves {
  readonly #root: string;
  readonly #folderOf: (file: FileId) => string;
  readonly #placeByBlob = new WeakMap<Blob, Place>();

  /** `folderOf`: the folder that a file is downloaded to, `root` or one below it. It need not exist. */
  constructor(root: string, folderOf: (file: FileId) => string = () => root) {
    this.#root = root;
    this.#folderOf = folderOf;
  }

  open(file: FileId, name: string): Promise<Shelf | "in-use"> {
    return named(async () => {
      const folder = this.#folderOf(file);
      await mkdir(folder, { recursive: true });
      const release = await hold(join(folder, `.${file.slice(0, NAMED_BY_DIGITS)}.part`));
      if (!release) return "in-use";
      return orClosed({ close: release }, async () => {
        const stem = (await stemOf(folder, file)) ?? (await freshStem(folder, file, name));
        return this.#shelfAt(stem, file, release);
      });
    });
  }

  /** Reads the data that its holder has written, without holding it. */
  look(file: FileId): Promise<Reading | null> {
    return named(async () => {
      const stem = await stemOf(this.#folderOf(file), file);
      if (stem === null) return null;
      const place = { stem, data: stem + PART };
      return this.#readingAt(place, file, (piece, offset, length) =>
        withFile(place.data, "r", (data) => readAt(data, positionOf(file, piece) + offset, length)),
      );
    });
  }

  /** Those that lie in `root` itself. */
  list(): Promise<readonly StoredFile[]> {
    return named(async () => {
      const stored: StoredFile[] = [];
      for await (const { file, name, claims } of partsIn(this.#root)) {
        const pieces: number[] = [];
        for (let piece = 0; piece * HASH_BYTES < claims.length; piece++)
          if (claims.subarray(piece * HASH_BYTES, (piece + 1) * HASH_BYTES).some((byte) => byte !== 0))
            pieces.push(piece);
        stored.push({ file, name, bytes: bytesIn(file, pieces) });
      }
      return stored;
    });
  }

  /**
   * Gives a whole file its own name, `path`, in one step, and deletes the claims. It is still read from there.
   * False: something of that name is there already. Null: these shelves did not give this blob, or it has its name.
   */
  async settle(content: Blob, path: string): Promise<boolean | null> {
    const place = this.#placeByBlob.get(content);
    if (!place || place.data !== place.stem + PART) return null;
    if (!(await renameTo(place.data, path))) return false;
    place.data = path;
    await rm(place.stem + CLAIMS, { force: true });
    return true;
  }

  async #shelfAt(stem: string, file: FileId, release: () => Promise<void>): Promise<Shelf> {
    const claims = await open(stem + CLAIMS, "r+");
    const place: Place = { stem, data: stem + PART };
    const data = await orClosed(claims, () => openForWriting(place.data));
    const flushes = new Flushes(() => data.datasync());
    const close = async () => {
      await Promise.all([data.close(), claims.close()]);
      await release();
    };
    return {
      ...this.#readingAt(place, file, (piece, offset, length) =>
        readAt(data, positionOf(file, piece) + offset, length),
      ),
      keepLayer: (layer) =>
        named(async () => {
          await writeAt(claims, HEADER_BYTES + layer.length, layer);
          await claims.datasync();
        }),
      write: (piece, hash, bytes) =>
        named(async () => {
          await writeAt(data, positionOf(file, piece), bytes);
          await flushes.soon();
          // Not flushed: a claim that a power cut takes is a piece fetched again, never a false one.
          await writeAt(claims, HEADER_BYTES + piece * HASH_BYTES, hash);
        }),
      unclaim: (piece) => named(() => writeAt(claims, HEADER_BYTES + piece * HASH_BYTES, UNCLAIMED)),
      close: () => named(close),
      remove: () =>
        named(async () => {
          // The bytes first: claims without bytes are found to be false, and bytes without claims would stay for ever.
          if (place.data === stem + PART) {
            await rm(place.data, { force: true });
            await rm(stem + CLAIMS, { force: true });
          }
          await close();
        }),
    };
  }

  #readingAt(place: Place, file: FileId, read: Reading["read"]): Reading {
    return {
      layer: async () => hashesIn(await readWhole(place.stem + CLAIMS), file, 1),
      claims: async () => hashesIn(await readWhole(place.stem + CLAIMS), file, 0),
      read: (piece, offset, length) => named(() => read(piece, offset, length)),
      blob: () =>
        named(async () => {
          const blob = await openAsBlob(place.data);
          this.#placeByBlob.set(blob, place);
          return blob;
        }),
    };
  }
}

/** Renames a file, and replaces nothing. False: the name is taken. */
const renameTo = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    await rm(from);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (codeOf(error) === "ENOENT") throw error;
  }
  // A file system without hard links: the name is taken by an empty file, which is replaced.
  try {
    await (await open(to, "wx")).close();
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  await rename(from, to);
  return true;
};

/** The path without its ending, where a download of the file lies in the folder; null: none does. */
const stemOf = async (folder: string, file: FileId): Promise<string | null> => {
  for await (const part of partsIn(folder)) if (part.file === file) return part.stem;
  return null;
};

/** Takes a free name for a new download. */
const freshStem = async (folder: string, file: FileId, name: string): Promise<string> => {
  const safe = portableFileName(safeFileName(name));
  const own = utf8ToBytes(safe).length <= MAX_STEM_BYTES ? safe : file.slice(0, NAMED_BY_DIGITS);
  const header = utf8ToBytes(JSON.stringify({ swapmeet: 1, file, name }).padEnd(HEADER_BYTES));
  for (let copy = 1; copy <= MAX_NAMES_TRIED; copy++) {
    const stem = join(folder, copy === 1 ? own : numbered(own, copy));
    try {
      await (await open(stem + PART, "wx")).close();
    } catch (error) {
      if (codeOf(error) === "EEXIST") continue; // of another download, or of another program
      throw error;
    }
    try {
      await withFile(stem + CLAIMS, "w", (claims) => writeAt(claims, 0, header.subarray(0, HEADER_BYTES)));
    } catch (error) {
      await Promise.all([PART, CLAIMS].map((ending) => rm(stem + ending, { force: true }).catch(() => {})));
      throw error;
    }
    return stem;
  }
  throw new DOMException(`every name like ${basename(own)} is taken`, "NotReadableError");
};

interface Part {
  readonly stem: string;
  readonly file: FileId;
  readonly name: string;
  readonly claims: Bytes;
}

/** The downloads that lie in the folder. */
async function* partsIn(folder: string): AsyncGenerator<Part> {
  for (const entry of await readdir(folder).catch((): string[] => [])) {
    if (!entry.endsWith(CLAIMS)) continue;
    const path = join(folder, entry);
    const whole = await readWhole(path);
    const header = headerIn(whole);
    if (header)
      yield {
        ...header,
        stem: join(dirname(path), entry.slice(0, -CLAIMS.length)),
        claims: hashesIn(whole, header.file, 0),
      };
  }
}

const headerIn = (claims: Bytes): { file: FileId; name: string } | null => {
  try {
    const { swapmeet, file, name } = JSON.parse(
      new TextDecoder().decode(claims.subarray(0, HEADER_BYTES)),
    ) as Readonly<Record<string, unknown>>;
    const id = swapmeet === 1 && typeof file === "string" ? fileIdFrom(file) : null;
    return id && { file: id, name: String(name) };
  } catch {
    return null; // of another program, or cut off before it was written
  }
};

/** The hashes of all pieces, joined: 0, the claims; 1, the layer. Zeros where none is written. */
const hashesIn = (claims: Bytes, file: FileId, which: 0 | 1): Bytes => {
  const all = new Uint8Array(geometryOf(lengthOf(file)).pieceCount * HASH_BYTES);
  const begin = HEADER_BYTES + which * all.length;
  all.set(claims.subarray(begin, begin + all.length));
  return all;
};

const positionOf = (file: FileId, piece: number): number => piece * geometryOf(lengthOf(file)).pieceLength;

const openForWriting = async (path: string): Promise<FileHandle> => {
  await withFile(path, "a", async () => {}); // so that it exists
  return open(path, "r+");
};
