/**
 * How far a file has spread from here: which piece was first given to whom. While pieces are left that nobody got yet,
 * whoever asks for one that another peer is getting is sent there, once: so a lone source gives every piece away
 * before it gives one twice (the idea of BEP 16, super-seeding, without hiding pieces). [S15]
 */
import { Bitfield } from "../../base/bitfield.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";

/** Second copies wait for first ones, unless none was begun for so long: then who is to get them is slow. Guess. */
const FIRSTS_MAY_PAUSE_MS = 2000;

export class Spread {
  readonly #firstPeerByPiece = new Map<number, PeerId>();
  readonly #begun: Bitfield;
  readonly #copies: Uint16Array;
  readonly #sentOnByPeer = new Map<PeerId, Bitfield>();
  #begunAt: Time = 0;

  constructor(pieceCount: number) {
    this.#begun = new Bitfield(pieceCount);
    this.#copies = new Uint16Array(pieceCount);
  }

  copiesOf(piece: number): number {
    return this.#copies[piece]!;
  }

  /** Whether others who are getting the piece from here should be asked for it. Said once to each. */
  sendsOn(peer: PeerId, piece: number): boolean {
    const first = this.#firstPeerByPiece.get(piece);
    if (this.#begun.isFull || first === undefined || first === peer) return false;
    const sentOn = this.#sentOnByPeer.get(peer) ?? new Bitfield(this.#begun.length);
    this.#sentOnByPeer.set(peer, sentOn);
    return sentOn.set(piece);
  }

  promise(peer: PeerId, piece: number): void {
    if (!this.#firstPeerByPiece.has(piece)) this.#firstPeerByPiece.set(piece, peer);
  }

  begin(piece: number, now: Time): void {
    if (this.#begun.set(piece)) this.#begunAt = now;
    this.#copies[piece]!++;
  }

  /** The promised piece will not be given. */
  takeBack(peer: PeerId, piece: number): void {
    if (this.#firstPeerByPiece.get(piece) === peer && !this.#begun.has(piece))
      this.#firstPeerByPiece.delete(piece);
  }

  /** The peer is gone, and what only it got is gone with it, as far as we know. */
  peerDown(peer: PeerId): void {
    this.#sentOnByPeer.delete(peer);
    for (const [piece, first] of this.#firstPeerByPiece)
      if (first === peer && this.#copies[piece]! <= 1) {
        this.#firstPeerByPiece.delete(piece);
        this.#begun.clear(piece);
      }
  }

  /** A second copy that first copies go before. */
  waits(peer: PeerId, piece: number, now: Time): boolean {
    if (this.#begun.isFull || this.#firstPeerByPiece.get(piece) === peer) return false;
    return this.#firstPeerByPiece.size > this.#begun.count && now - this.#begunAt < FIRSTS_MAY_PAUSE_MS;
  }
}
