/** A disk in memory that really hashes: files of the person, piece stores, and files saved. */
import { createHash } from "node:crypto";
import { concatBytes, equalBytes } from "@swapmeet/engine/base/bytes";
import {
  LEAF_BYTES,
  fileIdOf,
  geometryOf,
  lengthOf,
  pieceAt,
  pieceBegin,
  pieceBytes,
  rootOf,
  type FileId,
} from "@swapmeet/engine/names/file-id";
import type { LocalFile, ReadProblem, StoreProblem } from "@swapmeet/engine/io/io";
import { foldLeaves, hashAt, pieceHashOf, rootOfLayer } from "@swapmeet/engine/names/merkle";
import { Bitfield } from "@swapmeet/engine/base/bitfield";

const leavesOf = (bytes: Uint8Array): Uint8Array => {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LEAF_BYTES)
    leaves.push(
      createHash("sha256")
        .update(bytes.subarray(at, at + LEAF_BYTES))
        .digest(),
    );
  return concatBytes(...leaves);
};

/** A file as its sharer hashes it. */
export const hashFile = (bytes: Uint8Array, name: string): LocalFile => {
  const geometry = geometryOf(bytes.length);
  const hashes: Uint8Array[] = [];
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    const begin = pieceBegin(geometry, piece);
    const leaves = leavesOf(bytes.subarray(begin, begin + pieceBytes(geometry, piece)));
    hashes.push(geometry.pieceCount > 1 ? pieceHashOf(leaves, geometry, piece) : foldLeaves(leaves));
  }
  const layer = concatBytes(...hashes);
  const file = fileIdOf(rootOfLayer(layer, geometry), bytes.length);
  return { file, name, folder: "", layer: geometry.pieceCount > 1 ? layer : new Uint8Array(0) };
};

/**
 * The true bytes of all files of a world, hashed once. A disk that gets true bytes keeps a view on them, so that a
 * thousand peers fit in memory; bytes that differ are really kept and hashed.
 */
export class Library {
  readonly #bytesByFile = new Map<FileId, Uint8Array>();
  readonly #localByBytes = new Map<Uint8Array, LocalFile>();

  add(bytes: Uint8Array, name: string): LocalFile {
    const local = this.#localByBytes.get(bytes) ?? hashFile(bytes, name);
    this.#localByBytes.set(bytes, local);
    this.#bytesByFile.set(local.file, bytes);
    return local;
  }

  truth(file: FileId): { readonly bytes: Uint8Array; readonly layer: Uint8Array } | null {
    const bytes = this.#bytesByFile.get(file);
    const local = bytes && this.#localByBytes.get(bytes);
    return local ? { bytes, layer: local.layer.length > 0 ? local.layer : rootOf(file) } : null;
  }
}

interface Assembling {
  /** Null while all bytes put were true. */
  bytes: Uint8Array | null;
  /** The number of bytes put. Tests check with it that a piece is fetched once. */
  putBytes: number;
}

export class Disk {
  readonly #library: Library;
  readonly #files = new Map<FileId, Uint8Array>();
  readonly #stores = new Map<FileId, Map<number, Uint8Array>>();
  readonly #assembling = new Map<string, Assembling>();
  /** Checked and written, and not yet claimed. */
  readonly #written = new Map<string, { readonly bytes: Uint8Array; isFlushed: boolean }>();
  readonly #rotten = new Set<string>();
  readonly saved = new Map<FileId, Uint8Array>();
  readonly problems = new Map<FileId, ReadProblem>();
  /** When set, nothing more can be written. */
  storeProblem: StoreProblem | null = null;
  /** The number of bytes in blocks that came, wanted or not. */
  putBytes = 0;

  constructor(library = new Library()) {
    this.#library = library;
  }

  add(bytes: Uint8Array, name: string): LocalFile {
    const local = this.#library.add(bytes, name);
    this.#files.set(local.file, bytes);
    return local;
  }

  /** Opens a store. @returns the bits of its stored pieces. */
  open(file: FileId): Uint8Array {
    const pieces = this.#stores.get(file) ?? new Map<number, Uint8Array>();
    this.#stores.set(file, pieces);
    const have = new Bitfield(geometryOf(lengthOf(file)).pieceCount);
    for (const piece of pieces.keys()) if (this.#rotten.delete(`${file} ${piece}`)) pieces.delete(piece);
    for (const piece of pieces.keys()) have.set(piece);
    return have.toBytes();
  }

  put(file: FileId, begin: number, bytes: Uint8Array): void {
    const geometry = geometryOf(lengthOf(file));
    const piece = pieceAt(geometry, begin);
    const key = `${file} ${piece}`;
    const assembling = this.#assembling.get(key) ?? { bytes: null, putBytes: 0 };
    this.#assembling.set(key, assembling);
    const truth = this.#library.truth(file)?.bytes;
    if (!assembling.bytes && !(truth && isPartOf(truth, begin, bytes))) {
      const from = pieceBegin(geometry, piece);
      assembling.bytes = new Uint8Array(pieceBytes(geometry, piece));
      if (truth) assembling.bytes.set(truth.subarray(from, from + assembling.bytes.length));
    }
    assembling.bytes?.set(bytes, begin - pieceBegin(geometry, piece));
    assembling.putBytes += bytes.length;
    this.putBytes += bytes.length;
  }

  check(file: FileId, piece: number, hash: Uint8Array): "stored" | StoreProblem | Uint8Array {
    const geometry = geometryOf(lengthOf(file));
    const key = `${file} ${piece}`;
    const assembling = this.#assembling.get(key);
    if (!assembling || assembling.putBytes < pieceBytes(geometry, piece))
      throw new Error(`piece ${piece} is checked before all its bytes are put`);
    const bytes = assembling.bytes ?? this.#truePiece(file, piece, hash);
    if (!bytes) throw new Error(`piece ${piece} is checked against a false hash`);
    if (assembling.bytes) {
      const leaves = leavesOf(bytes);
      if (!equalBytes(pieceHashOf(leaves, geometry, piece), hash)) return leaves;
    }
    if (this.storeProblem) return this.storeProblem;
    this.#written.set(key, { bytes, isFlushed: false });
    this.#assembling.delete(key);
    return "stored";
  }

  flush(file: FileId, piece: number): void {
    const written = this.#written.get(`${file} ${piece}`);
    if (written) written.isFlushed = true;
  }

  /** The last of three steps: bytes, flush, claim. [F5] */
  claim(file: FileId, piece: number): void {
    const written = this.#written.get(`${file} ${piece}`);
    if (!written?.isFlushed) throw new Error(`piece ${piece} is claimed before it is flushed`);
    this.#written.delete(`${file} ${piece}`);
    this.#stores.get(file)?.set(piece, written.bytes);
  }

  /** Damages a claimed piece; the next opening reads it back and drops it. [F7] */
  rot(file: FileId, piece: number): void {
    this.#rotten.add(`${file} ${piece}`);
  }

  drop(file: FileId, piece: number): void {
    this.#assembling.delete(`${file} ${piece}`);
  }

  read(file: FileId, begin: number, length: number): Uint8Array | ReadProblem {
    const problem = this.problems.get(file);
    if (problem) return problem;
    const whole = this.#files.get(file);
    if (whole) return whole.subarray(begin, begin + length);
    const geometry = geometryOf(lengthOf(file));
    const piece = pieceAt(geometry, begin);
    const from = begin - pieceBegin(geometry, piece);
    return (
      this.#stores
        .get(file)
        ?.get(piece)
        ?.subarray(from, from + length) ?? "vanished"
    );
  }

  leaves(file: FileId, piece: number): Uint8Array | ReadProblem {
    const geometry = geometryOf(lengthOf(file));
    const bytes = this.read(file, pieceBegin(geometry, piece), pieceBytes(geometry, piece));
    return typeof bytes === "string" ? bytes : leavesOf(bytes);
  }

  save(file: FileId): void {
    const pieces = [...(this.#stores.get(file) ?? [])].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    const truth = this.#library.truth(file)?.bytes;
    let begin = 0;
    const isTrue = pieces.every((bytes) => {
      const isView = bytes.buffer === truth?.buffer && bytes.byteOffset === truth.byteOffset + begin;
      begin += bytes.length;
      return isView;
    });
    this.saved.set(file, truth && isTrue && begin === truth.length ? truth : concatBytes(...pieces));
  }

  close(file: FileId, forget: boolean): void {
    for (const key of this.#assembling.keys()) if (key.startsWith(`${file} `)) this.#assembling.delete(key);
    if (forget) this.#stores.delete(file);
  }

  /** Forgets all bytes that were put and not claimed. */
  crash(): void {
    this.#assembling.clear();
    this.#written.clear();
  }

  get assemblingCount(): number {
    return this.#assembling.size;
  }

  #truePiece(file: FileId, piece: number, hash: Uint8Array): Uint8Array | null {
    const truth = this.#library.truth(file);
    if (!truth || !equalBytes(hashAt(truth.layer, piece), hash)) return null;
    const geometry = geometryOf(lengthOf(file));
    const from = pieceBegin(geometry, piece);
    return truth.bytes.subarray(from, from + pieceBytes(geometry, piece));
  }
}

/** Whether these bytes are true. A view on the truth need not be compared. */
const isPartOf = (truth: Uint8Array, begin: number, bytes: Uint8Array): boolean =>
  (bytes.buffer === truth.buffer && bytes.byteOffset === truth.byteOffset + begin) ||
  Buffer.compare(truth.subarray(begin, begin + bytes.length), bytes) === 0;
