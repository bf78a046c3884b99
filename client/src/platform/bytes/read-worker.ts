/**
 * Reads files off the page. Every piece that is read is hashed before it is served: a stream that stands in a file does
 * not notice when the file is edited, and its honest owner would pass for a liar. [F14]
 */
import * as Comlink from "comlink";
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
  /** Piece hashes, joined; of a file of one piece: its root. */
  readonly hashes: Uint8Array;
}

const heldByFile = new Map<FileId, HeldFile>();

const desk = {
  /** `layer`: the piece hashes, joined; empty for a file of one piece. */
  hold(file: FileId, source: Blob, layer: Uint8Array): void {
    const geometry = geometryOf(lengthOf(file));
    const hashes = geometry.pieceCount > 1 ? layer : rootOf(file);
    heldByFile.set(file, { reader: new BlobReader(source), geometry, hashes });
  },
  drop(file: FileId): void {
    heldByFile.get(file)?.reader.close();
    heldByFile.delete(file);
  },
  /** Whole pieces: `begin` and `end` lie between two, or at the end of the file. */
  async read(file: FileId, begin: number, end: number): Promise<Result<Bytes, ReadProblem>> {
    const held = heldByFile.get(file);
    if (!held) return fail("vanished");
    try {
      const bytes = await held.reader.read(begin, end);
      if (!(await isAsHashed(held, begin, bytes))) return fail("changed");
      return Comlink.transfer(ok(bytes), [bytes.buffer]);
    } catch (error) {
      const problem = readProblemOf(error);
      if (problem === null) throw error;
      return fail(problem);
    }
  },
};
export type ReadDesk = typeof desk;

Comlink.expose(desk);

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
