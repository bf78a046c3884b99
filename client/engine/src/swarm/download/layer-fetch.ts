/**
 * The piece hashes of one file as they come, frame by frame, from one peer at a time; true when they give the root.
 * Who does not answer, or not truly, is passed over for another. PROTOCOL.md, rule S11.
 *
 * It does not know what the hashes are for.
 */
import { equalBytes } from "../../base/bytes.ts";
import { HASH_BYTES, rootOf, type FileId, type Geometry } from "../../names/file-id.ts";
import { MAX_HASHES_PER_FRAME, type SwarmFrame } from "../../wire/frame.ts";
import type { Holders } from "./holders.ts";
import type { Time } from "../../base/time.ts";
import { rootOfLayer } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Refusal } from "../../names/refusal.ts";
import type { Source } from "./source.ts";
import { SILENT_MS } from "../../wire/limits.ts";

/** A peer answers for hashes in this time, or another is asked. Guess. */
export const HASHES_TIMEOUT_MS = 5000;

export interface LayerFetchContext {
  send(peer: PeerId, frame: SwarmFrame): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  random(): number;
  /** Linked peers in good standing whose catalog entry offers the file. */
  sourcesOf(file: FileId): readonly Source[];
  /** All linked peers in good standing. */
  sources(): Iterable<Source>;
}

export class LayerFetch {
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #context: LayerFetchContext;
  readonly #holders: Holders;
  readonly #layer: Uint8Array;
  /** How many of them are here. */
  #hashes = 0;
  #from: Source | null = null;
  #dueAt: Time = 0;
  /** When the last hashes came, or it began. */
  #heardAt: Time | null = null;
  /** Who was asked and did not answer. */
  readonly #silent = new Set<PeerId>();

  /** Nobody is asked before `ask`. */
  constructor(file: FileId, geometry: Geometry, context: LayerFetchContext, holders: Holders) {
    this.#file = file;
    this.#geometry = geometry;
    this.#context = context;
    this.#holders = holders;
    this.#layer = new Uint8Array(geometry.pieceCount * HASH_BYTES);
  }

  /** Begins again with another peer: who offers the file, or holds a piece, knows the layer. */
  ask(now: Time): void {
    const candidates = new Set(this.#context.sourcesOf(this.#file));
    for (const source of this.#context.sources())
      if ((this.#holders.piecesOf(source.peer)?.count ?? 0) > 0) candidates.add(source);
    const able = [...candidates].filter(
      ({ peer }) => !this.#silent.has(peer) && !this.#holders.isUnreadable(peer),
    );
    this.#hashes = 0;
    this.#heardAt ??= now;
    this.#from = able[Math.floor(this.#context.random() * able.length)] ?? null;
    this.#dueAt = now + HASHES_TIMEOUT_MS;
    if (this.#from) this.#request(this.#from, now);
  }

  /** All of it, once it is whole and true. `first` and `hashes` as they stand in a layer frame. */
  frame(source: Source, first: number, hashes: Uint8Array, now: Time): Uint8Array | null {
    const answer = this.#from === source ? this.#add(first, hashes) : "unrequested-layer";
    if (answer === "more") this.#heardAt = now;
    switch (answer) {
      case "true":
        return this.#layer;
      case "more":
        this.#request(source, now);
        return null;
      case "unrequested-layer":
        this.#context.refuse(source.peer, answer);
        return null;
      case "wrong-length":
      case "wrong-layer":
        this.#context.refuse(source.peer, answer);
        this.ask(now);
        return null;
    }
  }

  // -- what others say -----------------------------------------------------------------------------------------------

  sourceUp(now: Time): void {
    if (this.#from === null) this.ask(now);
  }

  sourceDown(source: Source, now: Time): void {
    if (this.#from === source) this.ask(now);
  }

  /** It said how much it holds: nothing at all is also how it says that it can't answer. */
  bitfield(source: Source, held: number, now: Time): void {
    if (held === 0) this.#silent.add(source.peer);
    if (this.#from === null || (held === 0 && this.#from === source)) this.ask(now);
  }

  /** It gained a piece, so it knows the layer by now. */
  have(source: Source, now: Time): void {
    this.#silent.delete(source.peer);
    if (this.#from === null) this.ask(now);
  }

  /** Who is asked and does not answer; nobody while hashes come. [S4a] */
  awaited(now: Time): PeerId[] {
    if (this.#heardAt === null || now - this.#heardAt < SILENT_MS) return [];
    return this.#from ? [this.#from.peer] : [...this.#silent];
  }

  tick(now: Time): void {
    if (now < this.#dueAt) return;
    if (this.#from) this.#silent.add(this.#from.peer);
    else this.#silent.clear();
    this.ask(now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #request(from: Source, now: Time): void {
    this.#dueAt = now + HASHES_TIMEOUT_MS;
    this.#context.send(from.peer, { type: "layer-request", file: this.#file, first: this.#hashes });
  }

  #add(
    first: number,
    hashes: Uint8Array,
  ): "more" | "true" | "unrequested-layer" | "wrong-length" | "wrong-layer" {
    if (first !== this.#hashes) return "unrequested-layer";
    const missing = this.#geometry.pieceCount - this.#hashes;
    if (hashes.length !== Math.min(missing, MAX_HASHES_PER_FRAME) * HASH_BYTES) return "wrong-length";
    this.#layer.set(hashes, first * HASH_BYTES);
    this.#hashes += hashes.length / HASH_BYTES;
    if (this.#hashes < this.#geometry.pieceCount) return "more";
    return equalBytes(rootOfLayer(this.#layer, this.#geometry), rootOf(this.#file)) ? "true" : "wrong-layer";
  }
}
