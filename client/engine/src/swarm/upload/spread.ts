/**
 * How far a file has spread from here: for each piece the first peer that got it. While there are pieces that nobody
 * got, a peer that asks for a piece of another one is sent there, once. So a lone source gives every piece away before
 * it gives one twice (the idea of BEP 16, super-seeding, without hiding pieces). [S15]
 */
import { Bitfield } from "../../base/bitfield.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";

/** Second copies wait for first ones, unless none was begun for so long because their receivers are slow. Guess. */
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

  /** Whether the peer is to ask another one that is getting the piece from here. Each is sent on once for a piece. */
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

  /** The piece that was promised to this peer will not be given. */
  takeBack(peer: PeerId, piece: number): void {
    if (this.#firstPeerByPiece.get(piece) === peer && !this.#begun.has(piece))
      this.#firstPeerByPiece.delete(piece);
  }

  /** The peer is gone, and pieces that only it got count as not given. */
  peerDown(peer: PeerId): void {
    this.#sentOnByPeer.delete(peer);
    for (const [piece, first] of this.#firstPeerByPiece)
      if (first === peer && this.#copies[piece]! <= 1) {
        this.#firstPeerByPiece.delete(piece);
        this.#begun.clear(piece);
      }
  }

  /** Whether this is a second copy that has to wait for first copies. */
  waits(peer: PeerId, piece: number, now: Time): boolean {
    if (this.#begun.isFull || this.#firstPeerByPiece.get(piece) === peer) return false;
    return this.#firstPeerByPiece.size > this.#begun.count && now - this.#begunAt < FIRSTS_MAY_PAUSE_MS;
  }
}
