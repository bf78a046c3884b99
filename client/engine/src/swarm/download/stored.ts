/** The verified pieces of one file that are here, each with its sender. */
import { Bitfield } from "../../base/bitfield.ts";
import { pieceBytes, type Geometry } from "../../names/file-id.ts";
import type { PeerId } from "../../names/peer-id.ts";

/** The values in a piece map: see DownloadView.pieces. */
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

  /** "closed": it is not known which pieces are stored. */
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

  /** The number of verified bytes that are here. */
  get bytes(): number {
    const { pieceCount, pieceLength } = this.#geometry;
    const { verified } = this;
    if (!verified || verified.count === 0) return 0;
    const last = verified.has(pieceCount - 1) ? pieceBytes(this.#geometry, pieceCount - 1) : pieceLength;
    return (verified.count - 1) * pieceLength + last;
  }

  /** All peers that sent a verified piece, in the order of their first. */
  get senders(): readonly PeerId[] {
    return this.#senders;
  }

  opening(): void {
    this.#store = "opening";
  }

  close(): void {
    this.#store = "closed";
  }

  /** Earlier visits stored these pieces; `have` is as in a bitfield frame. */
  open(have: Uint8Array): Bitfield {
    const { pieceCount } = this.#geometry;
    const verified = Bitfield.parse(have, pieceCount) ?? new Bitfield(pieceCount);
    const origins = new Uint16Array(pieceCount);
    for (const piece of verified) origins[piece] = HELD_BEFORE;
    this.#store = { verified, origins };
    return verified;
  }

  /** The whole file is on this device. `from`: the peer that handed it over, or null. */
  fill(from: PeerId | null): void {
    const { pieceCount } = this.#geometry;
    const origins = new Uint16Array(pieceCount).fill(this.#originOf(from));
    this.#store = { verified: Bitfield.full(pieceCount), origins };
  }

  /** Adds a piece. False: it was known already. */
  add(piece: number, from: PeerId | null): boolean {
    if (typeof this.#store === "string" || !this.#store.verified.set(piece)) return false;
    this.#store.origins[piece] = this.#originOf(from);
    return true;
  }

  /** A new map as in DownloadView.pieces, without the pieces that are arriving. */
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
