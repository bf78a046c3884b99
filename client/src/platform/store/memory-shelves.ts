/** Pieces in memory: for tests, and for a browser that offers nothing else. */
import { HASH_BYTES, geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Bytes } from "../bytes/leaf-hashes.ts";
import type { StoredFile } from "./piece-store.ts";
import { bytesIn, type Reading, type Shelf, type Shelves } from "./shelf.ts";

interface Kept {
  name: string;
  layer: Bytes;
  held: boolean;
  readonly pieces: Map<number, { readonly hash: Uint8Array; readonly bytes: Bytes }>;
}

export class MemoryShelves implements Shelves {
  readonly #limitBytes: number;
  readonly #files = new Map<FileId, Kept>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  async open(file: FileId, name: string): Promise<Shelf | "in-use"> {
    const kept = this.#files.get(file) ?? {
      name,
      held: false,
      layer: new Uint8Array(),
      pieces: new Map(),
    };
    if (kept.held) return "in-use";
    this.#files.set(file, Object.assign(kept, { name, held: true }));
    return this.#shelfOf(file, kept);
  }

  async look(file: FileId): Promise<Reading | null> {
    const kept = this.#files.get(file);
    return kept ? this.#readingOf(file, kept) : null;
  }

  async list(): Promise<readonly StoredFile[]> {
    return [...this.#files].map(([file, { name, pieces }]) => ({
      file,
      name,
      bytes: bytesIn(file, pieces.keys()),
    }));
  }

  #readingOf(file: FileId, kept: Kept): Reading {
    const { pieces } = kept;
    return {
      layer: async () => kept.layer,
      claims: async () => {
        const claims = new Uint8Array(geometryOf(lengthOf(file)).pieceCount * HASH_BYTES);
        for (const [piece, { hash }] of pieces) claims.set(hash, piece * HASH_BYTES);
        return claims;
      },
      read: async (piece, offset, length) =>
        pieces.get(piece)?.bytes.slice(offset, offset + length) ?? new Uint8Array(),
      blob: async () => new Blob([...pieces].sort(([a], [b]) => a - b).map(([, { bytes }]) => bytes)),
    };
  }

  #shelfOf(file: FileId, kept: Kept): Shelf {
    const { pieces } = kept;
    return {
      ...this.#readingOf(file, kept),
      write: async (piece, hash, bytes) => {
        if (this.#usedBytes() + bytes.length > this.#limitBytes)
          throw new DOMException("the memory set aside is full", "QuotaExceededError");
        pieces.set(piece, { hash: hash.slice(), bytes: bytes.slice() });
      },
      unclaim: async (piece) => void pieces.delete(piece),
      keepLayer: async (layer) => void (kept.layer = layer.slice()),
      close: async () => void (kept.held = false),
      remove: async () => void this.#files.delete(file),
    };
  }

  #usedBytes(): number {
    return [...this.#files].reduce((sum, [file, { pieces }]) => sum + bytesIn(file, pieces.keys()), 0);
  }
}
