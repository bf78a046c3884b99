/**
 * It picks the piece to ask a peer for next: the rarest among the linked peers, at random among equally rare ones
 * (Legout, Urvoy-Keller, Michiardi: "Rarest First and Choke Algorithms Are Enough", 2006); or in the order of the file.
 *
 * The open pieces (wanted, and not asked for) lie in one bitfield per availability, so that a pick looks at 32 pieces
 * at a time and a change of availability moves one bit. It knows neither peers nor requests.
 */
import { Bitfield } from "../../base/bitfield.ts";
import type { Geometry } from "../../names/file-id.ts";
import type { PieceOrder } from "../../io/io.ts";

/** A source is asked for pieces in runs of this length: to read a file in order costs a third of the time. Measured. */
const RUN_BYTES = 16 * 1024 * 1024;
/** A piece that this many peers hold is not rare; higher counts would cost memory for nothing. Guess. */
const COMMON = 15;

export class Picker {
  order: PieceOrder;
  readonly #random: () => number;
  readonly #runPieces: number;
  readonly #holders: Uint16Array;
  readonly #open: Bitfield;
  readonly #openByHolders: (Bitfield | undefined)[] = [];

  constructor(
    { pieceCount, pieceLength }: Geometry,
    random: () => number,
    order: PieceOrder = "rarest-first",
  ) {
    this.order = order;
    this.#random = random;
    this.#runPieces = Math.max(1, RUN_BYTES / pieceLength);
    this.#holders = new Uint16Array(pieceCount);
    this.#open = new Bitfield(pieceCount);
  }

  get openCount(): number {
    return this.#open.count;
  }

  /** The piece may be picked. */
  open(piece: number): void {
    if (this.#open.set(piece)) this.#level(piece).set(piece);
  }

  /** The piece is asked for, or held: no longer to be picked. */
  close(piece: number): void {
    if (this.#open.clear(piece)) this.#level(piece).clear(piece);
  }

  /** One more peer holds it. */
  gained(piece: number): void {
    this.#move(piece, 1);
  }

  /** One peer less holds it. */
  lost(piece: number): void {
    this.#move(piece, -1);
  }

  /** The rarest open piece in `held` and not in `except`; among equals the run of `last` goes on. It stays open. */
  pick(held: Bitfield, last: number | null = null, except: Bitfield | null = null): number | null {
    if (this.order === "sequential") return this.#open.firstShared(held, 0, except);
    const next = last === null ? 0 : last + 1;
    const start = next % this.#runPieces > 0 && next < this.#open.length ? next : this.#anywhere();
    if (this.#open.firstShared(held, start, except) === null) return null;
    for (const level of this.#openByHolders) {
      const piece = level && level.count > 0 ? level.firstShared(held, start, except) : null;
      if (piece !== null) return piece;
    }
    return null;
  }

  #anywhere(): number {
    return Math.floor(this.#random() * this.#open.length);
  }

  #level(piece: number): Bitfield {
    return (this.#openByHolders[Math.min(this.#holders[piece]!, COMMON)] ??= new Bitfield(this.#open.length));
  }

  #move(piece: number, by: 1 | -1): void {
    const open = this.#level(piece).clear(piece);
    this.#holders[piece]! += by;
    if (open) this.#level(piece).set(piece);
  }
}
