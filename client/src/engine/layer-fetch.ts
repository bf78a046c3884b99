/** The piece hashes of one file as they come, frame by frame, from one peer at a time; true when they give the root. */
import { equalBytes } from "./bytes.ts";
import { HASH_BYTES, rootOf, type FileId, type Geometry } from "./file-id.ts";
import { MAX_HASHES_PER_FRAME } from "./frame.ts";
import { rootOfLayer } from "./merkle.ts";

export class LayerFetch {
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #layer: Uint8Array;
  #hashes = 0;

  constructor(file: FileId, geometry: Geometry) {
    this.#file = file;
    this.#geometry = geometry;
    this.#layer = new Uint8Array(geometry.pieceCount * HASH_BYTES);
  }

  /** The first hash that is still missing. */
  get first(): number {
    return this.#hashes;
  }

  /** `first` and `hashes` as they stand in a layer frame. */
  add(first: number, hashes: Uint8Array): "more" | "unrequested" | "wrong-length" | "false" | Uint8Array {
    if (first !== this.#hashes) return "unrequested";
    const missing = this.#geometry.pieceCount - this.#hashes;
    if (hashes.length !== Math.min(missing, MAX_HASHES_PER_FRAME) * HASH_BYTES) return "wrong-length";
    this.#layer.set(hashes, first * HASH_BYTES);
    this.#hashes += hashes.length / HASH_BYTES;
    if (this.#hashes < this.#geometry.pieceCount) return "more";
    return equalBytes(rootOfLayer(this.#layer, this.#geometry), rootOf(this.#file)) ? this.#layer : "false";
  }
}
