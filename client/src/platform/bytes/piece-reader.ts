/**
 * Reads pieces of shared files. Every piece that is read is hashed before it is served: a stream that stands in a file
 * does not notice when the file is edited, and its honest owner would pass for a liar. [F14]
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { equalBytes } from "@swapmeet/engine/base/bytes";
import {
  geometryOf,
  HASH_BYTES,
  LEAF_BYTES,
  lengthOf,
  pieceAt,
  rootOf,
  type FileId,
  type Geometry,
} from "@swapmeet/engine/names/file-id";
import type { ReadProblem } from "@swapmeet/engine/io/io";
import { hashAt, pieceHashOf } from "@swapmeet/engine/names/merkle";
import { BlobReader } from "./blob-reader.ts";
import { leafHashes, type Bytes } from "./leaf-hashes.ts";
import { readProblemOf } from "./read-problem.ts";

interface HeldFile {
  readonly reader: BlobReader;
  readonly geometry: Geometry;
  /** Piece hashes, joined; for a file of one piece its root. */
  readonly hashes: Uint8Array;
}

export class PieceReader {
  readonly #heldByFile = new Map<FileId, HeldFile>();

  /** `layer`: the piece hashes, joined; empty for a file of one piece. */
  async hold(file: FileId, source: Blob, layer: Uint8Array): Promise<void> {
    const geometry = geometryOf(lengthOf(file));
    const hashes = geometry.pieceCount > 1 ? layer : rootOf(file);
    this.#heldByFile.set(file, { reader: new BlobReader(source), geometry, hashes });
  }

  async drop(file: FileId): Promise<void> {
    this.#heldByFile.get(file)?.reader.close();
    this.#heldByFile.delete(file);
  }

  close(): void {
    for (const { reader } of this.#heldByFile.values()) reader.close();
    this.#heldByFile.clear();
  }

  /** Reads whole pieces: `begin` and `end` lie between two pieces, or at the end of the file. */
  async read(file: FileId, begin: number, end: number): Promise<Result<Bytes, ReadProblem>> {
    const held = this.#heldByFile.get(file);
    if (!held) return fail("vanished");
    try {
      const bytes = await held.reader.read(begin, end);
      return (await isAsHashed(held, begin, bytes)) ? ok(bytes) : fail("changed");
    } catch (error) {
      const problem = readProblemOf(error);
      if (problem === null) throw error;
      return fail(problem);
    }
  }
}

const isAsHashed = async ({ geometry, hashes }: HeldFile, begin: number, bytes: Bytes): Promise<boolean> => {
  const leaves = await leafHashes(bytes);
  const hashesPerPiece = (geometry.pieceLength / LEAF_BYTES) * HASH_BYTES;
  for (let at = 0; at < leaves.length; at += hashesPerPiece) {
    const piece = pieceAt(geometry, begin + (at / HASH_BYTES) * LEAF_BYTES);
    const hash = pieceHashOf(leaves.subarray(at, at + hashesPerPiece), geometry, piece);
    if (!equalBytes(hash, hashAt(hashes, piece))) return false;
  }
  return true;
};
