/** The pieces of one file while their blocks arrive: a buffer for each, used again when the piece is done. */
import { pieceAt, pieceBegin, pieceBytes, type Geometry } from "@swapmeet/engine/names/file-id";
import type { Bytes } from "../bytes/leaf-hashes.ts";

/** Buffers kept for the next pieces; a download has a few pieces in flight. Guess. */
const SPARE_BUFFERS = 4;

export class PieceBuffers {
  readonly #geometry: Geometry;
  readonly #bytesByPiece = new Map<number, Bytes | "away">();
  readonly #spare: ArrayBuffer[] = [];

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
  }

  put(begin: number, block: Uint8Array): void {
    const piece = pieceAt(this.#geometry, begin);
    const bytes = this.#bytesByPiece.get(piece) ?? this.#start(piece);
    if (bytes === "away") throw new Error(`piece ${piece} is being checked`);
    bytes.set(block, begin - pieceBegin(this.#geometry, piece));
  }

  /** The bytes of a piece, to be hashed elsewhere: bring them back with `keep` or `recycle`. */
  take(piece: number): Bytes {
    const bytes = this.#bytesByPiece.get(piece);
    if (!bytes || bytes === "away") throw new Error(`piece ${piece} is not here`);
    this.#bytesByPiece.set(piece, "away");
    return bytes;
  }

  /** The piece goes on being assembled, unless it was dropped meanwhile. */
  keep(piece: number, bytes: Bytes): void {
    if (this.#bytesByPiece.get(piece) === "away") this.#bytesByPiece.set(piece, bytes);
    else this.#reuse(bytes);
  }

  /** The piece is done. */
  recycle(piece: number, bytes: Bytes): void {
    this.#bytesByPiece.delete(piece);
    this.#reuse(bytes);
  }

  drop(piece: number): void {
    const bytes = this.#bytesByPiece.get(piece);
    this.#bytesByPiece.delete(piece);
    if (bytes && bytes !== "away") this.#reuse(bytes);
  }

  #start(piece: number): Bytes {
    if (piece >= this.#geometry.pieceCount) throw new RangeError(`no piece ${piece}`);
    const buffer = this.#spare.pop() ?? new ArrayBuffer(this.#geometry.pieceLength);
    const bytes = new Uint8Array(buffer, 0, pieceBytes(this.#geometry, piece));
    this.#bytesByPiece.set(piece, bytes);
    return bytes;
  }

  #reuse(bytes: Bytes): void {
    if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(bytes.buffer);
  }
}
