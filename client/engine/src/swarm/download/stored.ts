/** The verified pieces of one file that are here, and who sent each. */
import { Bitfield } from "../../base/bitfield.ts";
import { pieceBytes, type Geometry } from "../../names/file-id.ts";
import type { PeerId } from "../../names/peer-id.ts";

/** In a piece map: see DownloadView.pieces. */
export const ARRIVING = 1;
const HELD_BEFORE = 2;
const FIRST_SENDER = 3;

export class Stored {
  readonly #geometry: Geometry;
  #store: Store | "closed" | "opening" = "closed";
  readonly #senders: PeerId[] = [];

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
  }

  /** "closed": nothing is known of what is stored. */
  get state(): "closed" | "opening" | "open" {
    return typeof this.#store === "string" ? this.#store : "open";
  }

  /** Null unless it is open. */
  get verified(): Bitfield | null {
    return typeof this.#store === "string" ? null : this.#store.verified;
  }

  get isWhole(): boolean {
    return this.verified?.isFull === true;
  }

  /** All that is here and verified. */
  get bytes(): number {
    const { pieceCount, pieceLength } = this.#geometry;
    const { verified } = this;
    if (!verified || verified.count === 0) return 0;
    const last = verified.has(pieceCount - 1) ? pieceBytes(this.#geometry, pieceCount - 1) : pieceLength;
    return (verified.count - 1) * pieceLength + last;
  }

  /** Everyone who sent a piece that was verified, in the order of their first. */
  get senders(): readonly PeerId[] {
    return this.#senders;
  }

  opening(): void {
    this.#store = "opening";
  }

  close(): void {
    this.#store = "closed";
  }

  /** An earlier life left these pieces, as in a bitfield frame. */
  open(have: Uint8Array): Bitfield {
    const { pieceCount } = this.#geometry;
    const verified = Bitfield.parse(have, pieceCount) ?? new Bitfield(pieceCount);
    const origins = new Uint16Array(pieceCount);
    for (const piece of verified) origins[piece] = HELD_BEFORE;
    this.#store = { verified, origins };
    return verified;
  }

  /** All of it is on this device. `from`: the peer that handed it over, or null. */
  fill(from: PeerId | null): void {
    const { pieceCount } = this.#geometry;
    const origins = new Uint16Array(pieceCount).fill(this.#originOf(from));
    this.#store = { verified: Bitfield.full(pieceCount), origins };
  }

  /** False when that is no news. */
  add(piece: number, from: PeerId | null): boolean {
    if (typeof this.#store === "string" || !this.#store.verified.set(piece)) return false;
    this.#store.origins[piece] = this.#originOf(from);
    return true;
  }

  /** As in DownloadView.pieces, without what is arriving; the caller's own. */
  map(): Uint16Array {
    return typeof this.#store === "string"
      ? new Uint16Array(this.#geometry.pieceCount)
      : this.#store.origins.slice();
  }

  #originOf(from: PeerId | null): number {
    if (from === null) return HELD_BEFORE;
    const known = this.#senders.indexOf(from);
    return FIRST_SENDER + (known >= 0 ? known : this.#senders.push(from) - 1);
  }
}

interface Store {
  readonly verified: Bitfield;
  /** For each piece, as in DownloadView.pieces. */
  readonly origins: Uint16Array;
}
