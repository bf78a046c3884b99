/**
 * Stands between the page and the shelves, in the store worker: verifies every piece before it is stored, and verifies
 * again the pieces that an earlier visit has left. Failures of the browser become problems here.
 */
import * as Comlink from "comlink";
import { fail, ok, type Result } from "@swapmeet/shared";
import { equalBytes } from "@swapmeet/engine/base/bytes";
import {
  HASH_BYTES,
  geometryOf,
  lengthOf,
  pieceAt,
  pieceBegin,
  pieceBytes,
  rootOf,
  type FileId,
  type Geometry,
} from "@swapmeet/engine/names/file-id";
import type { StoreDefect, StoreProblem } from "@swapmeet/engine/io/io";
import { hashAt, pieceHashOf, rootOfLayer } from "@swapmeet/engine/names/merkle";
import { leafHashes, type Bytes } from "../bytes/leaf-hashes.ts";
import type { CheckedPiece, StoredFile } from "./piece-store.ts";
import { brokenBy } from "../workers/broken-by.ts";
import { bytesMissing } from "./quota.ts";
import { borrowed, orClosed, type Shelf, type Shelves } from "./shelf.ts";

const PROGRESS_EVERY_MS = 100;

/** An open file. `claims`: the shelf's claims, verified but for the pieces in `unproven`. */
interface OpenFile {
  readonly geometry: Geometry;
  readonly shelf: Shelf;
  readonly claims: Bytes;
  readonly unproven: Set<number>;
  /** The hashes that claims are held against: the piece layer, of one piece the root; empty while unknown. */
  readonly truth: Uint8Array;
  /** The work under way; the shelf closes after it. */
  readonly jobs: Set<Promise<unknown>>;
}

/** An opened file: the pieces held, as a bitfield, and the layer as far as it is known. */
export interface Opened {
  readonly have: Uint8Array;
  readonly layer: Uint8Array;
  readonly isBorrowed: boolean;
}

/** The result of a check, with the piece's buffer, which goes back to the thread that it came from. */
export interface CheckAnswer {
  readonly result: Result<CheckedPiece, StoreProblem>;
  readonly bytes: Bytes;
}

export class StoreDesk {
  readonly #shelves: Shelves;
  readonly #openFiles = new Map<FileId, OpenFile>();

  constructor(shelves: Shelves) {
    this.#shelves = shelves;
  }

  /** Claims that do not verify are dropped: a damaged store heals. [F7] */
  async open(
    file: FileId,
    name: string,
    layer: Uint8Array,
    onVerified: (bytes: number) => void,
  ): Promise<Result<Opened, StoreProblem>> {
    return this.#named(file, async () => {
      const shelf = await this.#shelfOf(file, name);
      if (!shelf) return fail({ kind: "in-use" });
      return orClosed(shelf, async () => {
        const open = await openAt(shelf, file, layer);
        await dropFalseClaims(open, onVerified);
        this.#openFiles.set(file, open);
        return ok(answerOf(open));
      });
    });
  }

  async openWhole(file: FileId, name: string): Promise<Result<Opened | null, StoreProblem>> {
    return this.#named(file, async () => {
      const shelf = await this.#shelves.open(file, name);
      if (shelf === "in-use") return fail({ kind: "in-use" });
      const open = await orClosed(shelf, () => openAt(shelf, file, new Uint8Array()));
      if (isWhole(open, file)) {
        this.#openFiles.set(file, open);
        return ok(answerOf(open));
      }
      await shelf.close();
      return ok(null);
    });
  }

  async holds(file: FileId): Promise<Result<boolean, StoreProblem>> {
    return this.#named(file, async () => ok((await this.#shelves.look(file)) !== null));
  }

  async canOpen(file: FileId, name: string): Promise<Result<boolean, StoreProblem>> {
    return this.#named(file, async () => {
      const shelf = await this.#shelfOf(file, name);
      await shelf?.close();
      return ok(shelf !== null);
    });
  }

  async check(file: FileId, piece: number, hash: Uint8Array, bytes: Bytes): Promise<CheckAnswer> {
    const result = await this.#job<CheckedPiece>(file, async ({ geometry, shelf, claims, unproven }) => {
      const leaves = await leafHashes(bytes);
      if (!equalBytes(pieceHashOf(leaves, geometry, piece), hash)) return ok({ type: "corrupt", leaves });
      await shelf.write(piece, hash, bytes);
      claims.set(hash, piece * HASH_BYTES);
      unproven.delete(piece);
      return ok({ type: "stored" });
    });
    return Comlink.transfer({ result, bytes }, [bytes.buffer]);
  }

  async read(file: FileId, begin: number, length: number): Promise<Result<Bytes, StoreProblem>> {
    const result = await this.#job(file, (open) => readHeld(open, begin, length));
    return result.ok ? Comlink.transfer(result, [result.value.buffer]) : result;
  }

  async leaves(file: FileId, piece: number): Promise<Result<Bytes, StoreProblem>> {
    return this.#job(file, async (open) => {
      const { geometry } = open;
      const bytes = await readHeld(open, pieceBegin(geometry, piece), pieceBytes(geometry, piece));
      return bytes.ok ? ok(await leafHashes(bytes.value)) : bytes;
    });
  }

  /** Gives the file only when the hashes of its stored pieces make its root. [F8] */
  async blob(file: FileId, onVerified: (bytes: number) => void): Promise<Result<Blob, StoreProblem>> {
    return this.#job(file, async (open) => {
      const { geometry, shelf } = open;
      await dropFalseClaims(open, onVerified);
      if (!isWhole(open, file)) return fail(broken({ type: "incomplete" }));
      const blob = await shelf.blob();
      return blob.size === geometry.length
        ? ok(blob)
        : fail(broken({ type: "wrong-length", bytes: blob.size }));
    });
  }

  async close(file: FileId): Promise<void> {
    await (await this.#takeOut(file))?.shelf.close();
  }

  /** Deletes the pieces of an open file, or of one that an earlier visit has left. */
  async forget(file: FileId): Promise<Result<void, StoreProblem>> {
    return this.#named(file, async () => {
      const shelf = (await this.#takeOut(file))?.shelf ?? (await this.#shelves.open(file, ""));
      if (shelf === "in-use") return fail({ kind: "in-use" });
      return ok(await shelf.remove());
    });
  }

  async list(): Promise<Result<readonly StoredFile[], StoreProblem>> {
    try {
      return ok(await this.#shelves.list());
    } catch (error) {
      return fail(await problemOf(error, 0));
    }
  }

  /** A file that another tab holds can be read here once it is whole. [F6] */
  async #shelfOf(file: FileId, name: string): Promise<Shelf | null> {
    const shelf = await this.#shelves.open(file, name);
    if (shelf !== "in-use") return shelf;
    const reading = this.#openFiles.has(file) ? null : await this.#shelves.look(file);
    if (!reading) return null;
    const makesRoot = equalBytes(
      rootOfLayer(await reading.claims(), geometryOf(lengthOf(file))),
      rootOf(file),
    );
    return makesRoot ? borrowed(reading) : null;
  }

  async #takeOut(file: FileId): Promise<OpenFile | undefined> {
    const open = this.#openFiles.get(file);
    this.#openFiles.delete(file);
    if (open) await Promise.allSettled(open.jobs);
    return open;
  }

  async #job<Value>(
    file: FileId,
    job: (open: OpenFile) => Promise<Result<Value, StoreProblem>>,
  ): Promise<Result<Value, StoreProblem>> {
    const open = this.#openFiles.get(file);
    if (!open) return fail(broken({ type: "closed" }));
    const running = this.#named(file, () => job(open));
    open.jobs.add(running);
    try {
      return await running;
    } finally {
      open.jobs.delete(running);
    }
  }

  /** Gives the browser's failures a name. */
  async #named<Value, Problem>(
    file: FileId,
    act: () => Promise<Result<Value, Problem>>,
  ): Promise<Result<Value, Problem | StoreProblem>> {
    try {
      return await act();
    } catch (error) {
      return fail(await problemOf(error, this.#missingBytes(file)));
    }
  }

  #missingBytes(file: FileId): number {
    const open = this.#openFiles.get(file);
    if (!open) return lengthOf(file);
    let missing = 0;
    for (let piece = 0; piece < open.geometry.pieceCount; piece++)
      if (!isHeld(open, piece)) missing += pieceBytes(open.geometry, piece);
    return missing;
  }
}

/** Opens a file with the first true layer: the given one, the kept one, or the claims of a whole file. */
const openAt = async (shelf: Shelf, file: FileId, layer: Uint8Array): Promise<OpenFile> => {
  const geometry = geometryOf(lengthOf(file));
  const claims = await shelf.claims();
  const unproven = new Set(Array.from({ length: geometry.pieceCount }, (_, piece) => piece));
  const open = { shelf, geometry, claims, unproven, jobs: new Set<Promise<unknown>>() };
  if (geometry.pieceCount <= 1) return { ...open, truth: rootOf(file) };
  const makesRoot = (hashes: Uint8Array): boolean =>
    hashes.length === claims.length && equalBytes(rootOfLayer(hashes, geometry), rootOf(file));
  const kept = await shelf.layer();
  if (makesRoot(layer) && !equalBytes(layer, kept)) await shelf.keepLayer(layer);
  return { ...open, truth: [layer, kept, claims.slice()].find(makesRoot) ?? new Uint8Array() };
};

const answerOf = ({ shelf, claims, geometry, truth }: OpenFile): Opened => ({
  have: bitfieldOf(claims, geometry),
  layer: geometry.pieceCount > 1 ? truth : new Uint8Array(),
  isBorrowed: shelf.isBorrowed === true,
});

const isWhole = ({ claims, geometry }: OpenFile, file: FileId): boolean =>
  equalBytes(rootOfLayer(claims, geometry), rootOf(file));

/** Reads back every piece that was not read back yet. */
const dropFalseClaims = async (open: OpenFile, onVerified: (bytes: number) => void): Promise<void> => {
  let untold = 0;
  let toldAt = performance.now();
  for (const piece of open.unproven) {
    if (!isHeld(open, piece)) continue;
    await prove(open, piece);
    untold += pieceBytes(open.geometry, piece);
    if (performance.now() - toldAt < PROGRESS_EVERY_MS) continue;
    onVerified(untold);
    untold = 0;
    toldAt = performance.now();
  }
  if (untold > 0) onVerified(untold);
};

/** A claim is believed once its bytes are read back and verified. */
const prove = async (open: OpenFile, piece: number): Promise<void> => {
  const { geometry, shelf, claims, truth, unproven } = open;
  if (!unproven.has(piece)) return;
  const claim = hashAt(claims, piece);
  const believable = truth.length === 0 || equalBytes(claim, hashAt(truth, piece));
  if (!believable || !(await isStored(shelf, geometry, piece, claim))) {
    await shelf.unclaim(piece);
    claim.fill(0);
  }
  unproven.delete(piece);
};

const isStored = async (
  shelf: Shelf,
  geometry: Geometry,
  piece: number,
  hash: Uint8Array,
): Promise<boolean> => {
  try {
    const bytes = await shelf.read(piece, 0, pieceBytes(geometry, piece));
    if (bytes.length < pieceBytes(geometry, piece)) return false;
    return equalBytes(pieceHashOf(await leafHashes(bytes), geometry, piece), hash);
  } catch (error) {
    if (error instanceof DOMException) return false; // unreadable is as good as damaged
    throw error;
  }
};

const isHeld = ({ claims }: Pick<OpenFile, "claims">, piece: number): boolean =>
  hashAt(claims, piece).some((byte) => byte !== 0);

const readHeld = async (
  open: OpenFile,
  begin: number,
  length: number,
): Promise<Result<Bytes, StoreProblem>> => {
  const { geometry, shelf } = open;
  const piece = pieceAt(geometry, begin);
  const offset = begin - pieceBegin(geometry, piece);
  if (length < 0 || offset + length > pieceBytes(geometry, piece))
    throw new RangeError("not within one piece");
  if (isHeld(open, piece)) await prove(open, piece);
  if (!isHeld(open, piece)) return fail(broken({ type: "missing-piece", piece }));
  const bytes = await shelf.read(piece, offset, length);
  return bytes.length === length ? ok(bytes) : fail(broken({ type: "damaged-piece", piece }));
};

const bitfieldOf = (claims: Bytes, { pieceCount }: Geometry): Uint8Array => {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8));
  for (let piece = 0; piece < pieceCount; piece++)
    if (isHeld({ claims }, piece)) bits[piece >> 3]! |= 0x80 >> (piece & 7);
  return bits;
};

const broken = (defect: StoreDefect): StoreProblem => ({ kind: "broken", defect });

const problemOf = async (error: unknown, wantedBytes: number): Promise<StoreProblem> => {
  if (!(error instanceof DOMException)) throw error;
  if (error.name !== "QuotaExceededError") return brokenBy(error);
  return { kind: "full", missingBytes: (await bytesMissing(wantedBytes)) || null };
};
