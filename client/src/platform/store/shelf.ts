/**
 * The place of verified pieces: the interface that OPFS, IndexedDB and memory share. A shelf trusts its caller; the
 * desk before it verifies. Failures of the browser are thrown as the DOMExceptions they are; the desk names them.
 */
import { geometryOf, lengthOf, pieceBytes, type FileId } from "@swapmeet/engine/names/file-id";
import type { StoredFile } from "./piece-store.ts";
import type { Bytes } from "../bytes/leaf-hashes.ts";

export interface Shelves {
  open(file: FileId, name: string): Promise<Shelf | "in-use">;
  /** Without holding it: another tab may be writing. Null when nothing is there. */
  look(file: FileId): Promise<Reading | null>;
  list(): Promise<readonly StoredFile[]>;
}

/** The pieces of one file, to be read. */
export interface Reading {
  /** The hash that each piece had when it was stored, joined; zeros where none is. */
  claims(): Promise<Bytes>;
  /** The piece hashes as they were kept, joined; empty where they were not. */
  layer(): Promise<Bytes>;
  /** Shorter when the bytes are not there. `offset` counts from the start of the piece. */
  read(piece: number, offset: number, length: number): Promise<Bytes>;
  blob(): Promise<Blob>;
}

/** The pieces of one file, held by one tab. */
export interface Shelf extends Reading {
  /** Another tab holds the file, so this tab must not change or delete it. */
  readonly isBorrowed?: true;
  keepLayer(layer: Uint8Array): Promise<void>;
  /** Bytes, then flush, then the claim. [F5] */
  write(piece: number, hash: Uint8Array, bytes: Bytes): Promise<void>;
  unclaim(piece: number): Promise<void>;
  close(): Promise<void>;
  /** Closes and deletes. */
  remove(): Promise<void>;
}

/** A file that another tab holds, whole and not to be written. */
export const borrowed = (reading: Reading): Shelf => ({
  ...reading,
  isBorrowed: true,
  keepLayer: async () => {},
  write: () => Promise.reject(new DOMException("another tab holds this file", "InvalidStateError")),
  unclaim: async () => {},
  close: async () => {},
  remove: async () => {},
});

/** Closes what was opened if the next step fails, so that a later call can open it again. */
export const orClosed = async <Value>(
  opened: { close(): unknown },
  act: () => Promise<Value>,
): Promise<Value> => {
  try {
    return await act();
  } catch (error) {
    await Promise.allSettled([opened.close()]); // it may fail for the same reason
    throw error;
  }
};

/** How many bytes these pieces of a file have. */
export const bytesIn = (file: FileId, pieces: Iterable<number>): number => {
  const geometry = geometryOf(lengthOf(file));
  let bytes = 0;
  for (const piece of pieces) bytes += pieceBytes(geometry, piece);
  return bytes;
};
