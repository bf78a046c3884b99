/**
 * Fetches the piece hashes of one file, frame by frame, from one peer at a time; they are true when they give the root.
 * When a peer does not answer, or lies, another one is asked. PROTOCOL.md, rule S11.
 *
 * It does not know what the hashes are for.
 */
import { equalBytes } from "../../base/bytes.ts";
import { HASH_BYTES, rootOf, type FileId, type Geometry } from "../../names/file-id.ts";
import { MAX_HASHES_PER_FRAME } from "../../wire/frame.ts";
import type { Holders } from "../pieces/holders.ts";
import type { Time } from "../../base/time.ts";
import { rootOfLayer } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Supplies } from "../sources/supplies.ts";
import { SILENT_MS } from "../../wire/limits.ts";
import { HASHES_TIMEOUT_MS } from "../pieces/true-leaves.ts";

export class LayerFetch {
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #supplies: Supplies;
  readonly #holders: Holders;
  readonly #layer: Uint8Array;
  /** How many of them are here. */
  #hashes = 0;
  #from: PeerId | null = null;
  #dueAt: Time = 0;
  /** When the last hashes came, or when the first peer was asked. */
  #heardAt: Time | null = null;
  /** Peers that were asked and did not answer. */
  readonly #silent = new Set<PeerId>();

  /** Nobody is asked before `ask`. */
  constructor(file: FileId, geometry: Geometry, supplies: Supplies, holders: Holders) {
    this.#file = file;
    this.#geometry = geometry;
    this.#supplies = supplies;
    this.#holders = holders;
    this.#layer = new Uint8Array(geometry.pieceCount * HASH_BYTES);
  }

  /** Begins again with another peer: all that offer the file or hold a piece know the layer. */
  ask(now: Time): void {
    const { sources, view } = this.#supplies;
    const candidates = new Set(sources.of(this.#file));
    for (const source of sources.inGoodStanding())
      if ((this.#holders.piecesOf(source.peer)?.count ?? 0) > 0) candidates.add(source);
    const able = [...candidates].filter(
      ({ peer }) => !this.#silent.has(peer) && !this.#holders.isUnreadable(peer),
    );
    this.#hashes = 0;
    this.#heardAt ??= now;
    this.#from = able[Math.floor(view.random() * able.length)]?.peer ?? null;
    this.#dueAt = now + HASHES_TIMEOUT_MS;
    if (this.#from) this.#request(this.#from, now);
  }

  /** Takes a layer frame. @returns the whole layer, once it is here and true; else null. */
  frame(peer: PeerId, first: number, hashes: Uint8Array, now: Time): Uint8Array | null {
    const answer = this.#from === peer ? this.#add(first, hashes) : "unrequested-layer";
    if (answer === "more") this.#heardAt = now;
    switch (answer) {
      case "true":
        return this.#layer;
      case "more":
        this.#request(peer, now);
        return null;
      case "unrequested-layer":
        this.#supplies.sources.refuse(peer, answer);
        return null;
      case "wrong-length":
      case "wrong-layer":
        this.#supplies.sources.refuse(peer, answer);
        this.ask(now);
        return null;
    }
  }

  // -- what others say -----------------------------------------------------------------------------------------------

  sourceUp(now: Time): void {
    if (this.#from === null) this.ask(now);
  }

  peerDown(peer: PeerId, now: Time): void {
    if (this.#from === peer) this.ask(now);
  }

  /** A peer told how many pieces it holds. With none, it also says that it can't answer. */
  bitfield(peer: PeerId, held: number, now: Time): void {
    if (held === 0) this.#silent.add(peer);
    if (this.#from === null || (held === 0 && this.#from === peer)) this.ask(now);
  }

  /** A peer gained a piece, so it knows the layer by now. */
  have(peer: PeerId, now: Time): void {
    this.#silent.delete(peer);
    if (this.#from === null) this.ask(now);
  }

  /** The peers that were asked and do not answer; none while hashes come. [S4a] */
  awaited(now: Time): PeerId[] {
    if (this.#heardAt === null || now - this.#heardAt < SILENT_MS) return [];
    return this.#from ? [this.#from] : [...this.#silent];
  }

  tick(now: Time): void {
    if (now < this.#dueAt) return;
    if (this.#from) this.#silent.add(this.#from);
    else this.#silent.clear();
    this.ask(now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #request(to: PeerId, now: Time): void {
    this.#dueAt = now + HASHES_TIMEOUT_MS;
    const frame = { type: "layer-request", file: this.#file, first: this.#hashes } as const;
    this.#supplies.events.push({ type: "send", to, frame });
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
