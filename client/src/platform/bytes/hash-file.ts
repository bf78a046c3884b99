/** A file's root and piece layer, read in big slices. Runs in hash workers; the page never holds the bytes. */
import { fail, ok, type Result } from "@swapmeet/shared";
import { concatBytes } from "@swapmeet/engine/base/bytes";
import {
  HASH_BYTES,
  LEAF_BYTES,
  MAX_FILE_BYTES,
  geometryOf,
  pieceBegin,
  pieceBytes,
} from "@swapmeet/engine/names/file-id";
import { pieceHashOf, rootOfLayer } from "@swapmeet/engine/names/merkle";
import type { ReadProblem } from "@swapmeet/engine/io/io";
import { BlobReader, readSlice } from "./blob-reader.ts";
import { leafHashes, type Bytes } from "./leaf-hashes.ts";
import { readProblemOf } from "./read-problem.ts";

/** Bytes of a slice. Two slices are in memory at a time, for each part that is being hashed. */
const SLICE_BYTES = 4 * 1024 * 1024;

export interface HashedFile {
  readonly root: Uint8Array;
  readonly length: number;
  /** Piece hashes, joined; empty when there is at most one piece, as in LocalFile. */
  readonly layer: Uint8Array;
}
export type HashProblem = ReadProblem | "too-long" | "cancelled" | "not-loaded";

/** Pieces [first, end) of a file. */
export interface PieceRange {
  readonly first: number;
  readonly end: number;
}

/** `onBytes` is told how many more bytes are hashed. */
export const hashFile = async (
  file: Blob,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Result<HashedFile, HashProblem>> => {
  if (file.size > MAX_FILE_BYTES) return fail("too-long");
  const geometry = geometryOf(file.size);
  const layer = await hashPart(file, { first: 0, end: geometry.pieceCount }, onBytes, signal);
  return layer.ok ? ok(hashedFile(layer.value, file.size)) : layer;
};

/** The hashes of these pieces, joined. */
export const hashPart = async (
  file: Blob,
  { first, end }: PieceRange,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Result<Bytes, HashProblem>> => {
  const geometry = geometryOf(file.size);
  const hashes = new Uint8Array((end - first) * HASH_BYTES);
  let piece = first;
  let leaves: Uint8Array = new Uint8Array();
  try {
    for await (const slice of slicesOf(file, pieceBegin(geometry, first), pieceBegin(geometry, end))) {
      if (signal.aborted) return fail("cancelled");
      leaves = concatBytes(leaves, await leafHashes(slice));
      for (; piece < end; piece++) {
        const row = Math.ceil(pieceBytes(geometry, piece) / LEAF_BYTES) * HASH_BYTES;
        if (leaves.length < row) break;
        hashes.set(pieceHashOf(leaves.subarray(0, row), geometry, piece), (piece - first) * HASH_BYTES);
        leaves = leaves.subarray(row);
      }
      onBytes(slice.length);
    }
  } catch (error) {
    const problem = readProblemOf(error);
    if (problem === null) throw error;
    return fail(problem);
  }
  return ok(hashes);
};

/** `layer`: the hashes of all pieces. */
export const hashedFile = (layer: Uint8Array, length: number): HashedFile => {
  const geometry = geometryOf(length);
  const root = rootOfLayer(layer, geometry);
  return { root, length, layer: geometry.pieceCount > 1 ? layer : new Uint8Array() };
};

/**
 * Reads the next slice while the last one is being hashed. A stream costs half the CPU of slices, but does not notice
 * an edit, so one byte is read by itself in the end.
 */
async function* slicesOf(file: Blob, from: number, to: number): AsyncGenerator<Bytes> {
  const end = Math.min(to, file.size);
  const reader = new BlobReader(file);
  const read = (begin: number) => reader.read(begin, Math.min(begin + SLICE_BYTES, end));
  try {
    let ahead = from < end ? read(from) : null;
    for (let next = from + SLICE_BYTES; ahead; next += SLICE_BYTES) {
      const slice = await ahead;
      ahead = next < end ? read(next) : null;
      ahead?.catch(() => {}); // told when it is awaited, if it ever is
      yield slice;
    }
    if (from < end) await readSlice(file, end - 1, end);
  } finally {
    reader.close();
  }
}
