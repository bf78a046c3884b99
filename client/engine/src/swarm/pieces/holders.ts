/**
 * The holders of one file: the linked peers that were told of our interest, the pieces that each one has, the pieces
 * for which it sent us elsewhere, and the peers whose file has changed or is gone. PROTOCOL.md, rules S3, S10 and S15.
 *
 * It does not know what is asked for, nor which pieces are here already.
 */
import { Bitfield } from "../../base/bitfield.ts";
import type { FileId, Geometry } from "../../names/file-id.ts";
import type { Supplies } from "../sources/supplies.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Picker } from "./picker.ts";
import type { Source } from "../sources/source.ts";

/** A peer that sent us elsewhere for pieces is not asked for them again for so long. Guess: a piece takes a while. */
const ELSEWHERE_MS = 3000;
/** An interest that is not answered is sent again after so long: the peer may have had too many. Guess. */
const UNANSWERED_MS = 10_000;

export class Holders {
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #supplies: Supplies;
  /** Counts the holders of each piece; null while nothing may be asked for. */
  #picker: Picker | null = null;
  /** The pieces that each linked peer has told us it holds. */
  readonly #piecesByPeer = new Map<PeerId, Bitfield>();
  /** The pieces for which a peer sent us elsewhere. [S15] */
  readonly #elsewhereByPeer = new Map<PeerId, { readonly pieces: Bitfield; until: Time }>();
  readonly #interestedIn = new Set<PeerId>();
  /** The peers that know of our interest and have not sent a bitfield, and since when we wait for it. */
  readonly #unansweredSince = new Map<PeerId, Time>();
  /** Peers that are no sources any more, whatever they offer or send. [S10] */
  readonly #unreadable = new Set<PeerId>();

  constructor(file: FileId, geometry: Geometry, supplies: Supplies) {
    this.#file = file;
    this.#geometry = geometry;
    this.#supplies = supplies;
  }

  /** Pieces may be picked now, by how many hold them. */
  begin(picker: Picker): void {
    this.#picker = picker;
    for (const pieces of this.#piecesByPeer.values()) for (const piece of pieces) picker.gained(piece);
  }

  // -- what peers say ------------------------------------------------------------------------------------------------

  /** Meets a possible holder. With at most one piece, a peer that offers the file holds it; others are asked. [S3] */
  meet(source: Source): void {
    const { pieceCount } = this.#geometry;
    if (this.#unreadable.has(source.peer)) return;
    if (pieceCount <= 1) {
      if (!this.#piecesByPeer.has(source.peer)) this.#hold(source.peer, Bitfield.full(pieceCount));
      source.idle = false;
    } else if (!this.#interestedIn.has(source.peer)) {
      this.#interestedIn.add(source.peer);
      this.#tellInterest(source.peer, true);
    }
  }

  /** @returns the pieces that the peer holds from now on; null when the bitfield does not count */
  bitfield(source: Source, bits: Uint8Array): Bitfield | null {
    if (this.#unreadable.has(source.peer)) return null;
    const pieces = Bitfield.parse(bits, this.#geometry.pieceCount);
    if (!pieces) {
      this.#supplies.sources.refuse(source.peer, "wrong-length");
      return null;
    }
    const known = this.#piecesByPeer.get(source.peer);
    if (known?.equals(pieces)) return known;
    this.#hold(source.peer, pieces);
    source.idle = false;
    return pieces;
  }

  /** A peer gained pieces. False when its frame does not count. */
  have(source: Source, gained: readonly number[]): boolean {
    const pieces = this.#piecesByPeer.get(source.peer);
    if (!pieces) return false;
    const before = pieces.count;
    for (const piece of gained) {
      if (piece >= this.#geometry.pieceCount) {
        this.#supplies.sources.refuse(source.peer, "wrong-length");
        return false;
      }
      if (pieces.set(piece)) this.#picker?.gained(piece);
    }
    if (pieces.count > before) source.idle = false;
    return true;
  }

  notHere(peer: PeerId, piece: number): void {
    if (this.#piecesByPeer.get(peer)?.clear(piece)) this.#picker?.lost(piece);
  }

  /** Others are getting the piece from this peer: soon they can be asked for it. */
  elsewhere(peer: PeerId, piece: number, now: Time): void {
    const elsewhere = this.#elsewhereByPeer.get(peer) ?? {
      pieces: new Bitfield(this.#geometry.pieceCount),
      until: 0,
    };
    elsewhere.until = now + ELSEWHERE_MS;
    elsewhere.pieces.set(piece);
    this.#elsewhereByPeer.set(peer, elsewhere);
  }

  unreadable(peer: PeerId): void {
    this.#hold(peer, null);
    this.#unreadable.add(peer);
  }

  /** A person allows the sending again: the pieces that this peer holds count again. */
  allow(peer: PeerId): void {
    this.#unreadable.delete(peer);
  }

  /** The peer's link is gone. */
  drop(peer: PeerId): void {
    this.#hold(peer, null);
    this.#interestedIn.delete(peer);
    this.#unansweredSince.delete(peer);
    this.#unreadable.delete(peer);
  }

  /** The person tries again: unreadable files may be back. */
  forgive(): void {
    this.#unreadable.clear();
  }

  /** Nothing is wanted any more: the peers are told. */
  leave(): void {
    this.#picker = null;
    for (const peer of this.#interestedIn) this.#tellInterest(peer, false);
    this.#interestedIn.clear();
    this.#unansweredSince.clear();
    this.#piecesByPeer.clear();
    this.#elsewhereByPeer.clear();
  }

  tick(now: Time): void {
    for (const [peer, { until }] of this.#elsewhereByPeer)
      if (now >= until) this.#elsewhereByPeer.delete(peer);
    for (const peer of this.#interestedIn) this.#askAgain(peer, now);
  }

  // -- what is known of them -----------------------------------------------------------------------------------------

  /** Undefined: the peer has not told. */
  piecesOf(peer: PeerId): Bitfield | undefined {
    return this.#piecesByPeer.get(peer);
  }

  elsewhereOf(peer: PeerId): Bitfield | null {
    return this.#elsewhereByPeer.get(peer)?.pieces ?? null;
  }

  wasAsked(peer: PeerId): boolean {
    return this.#interestedIn.has(peer);
  }

  isUnreadable(peer: PeerId): boolean {
    return this.#unreadable.has(peer);
  }

  /** The peers that hold a piece, or offer the file and have not told their pieces yet. */
  inSight(): PeerId[] {
    const peers = new Set<PeerId>();
    for (const [peer, pieces] of this.#piecesByPeer) if (pieces.count > 0) peers.add(peer);
    for (const { peer } of this.#supplies.sources.of(this.#file)) if (this.#isUnheard(peer)) peers.add(peer);
    return [...peers];
  }

  isAnyInSight(): boolean {
    for (const pieces of this.#piecesByPeer.values()) if (pieces.count > 0) return true;
    return this.#supplies.sources.of(this.#file).some(({ peer }) => this.#isUnheard(peer));
  }

  /** Whether no other source is in sight. */
  isAlone(source: Source): boolean {
    for (const [peer, pieces] of this.#piecesByPeer)
      if (peer !== source.peer && pieces.count > 0) return false;
    return this.#supplies.sources
      .of(this.#file)
      .every(({ peer }) => peer === source.peer || !this.#isUnheard(peer));
  }

  #askAgain(peer: PeerId, now: Time): void {
    if (!this.#isUnheard(peer)) return void this.#unansweredSince.delete(peer);
    const since = this.#unansweredSince.get(peer);
    if (since !== undefined && now - since < UNANSWERED_MS) return;
    if (since !== undefined) this.#tellInterest(peer, true);
    this.#unansweredSince.set(peer, now);
  }

  #tellInterest(to: PeerId, wanted: boolean): void {
    this.#supplies.events.push({ type: "send", to, frame: { type: "interest", file: this.#file, wanted } });
  }

  #isUnheard(peer: PeerId): boolean {
    return !this.#piecesByPeer.has(peer) && !this.#unreadable.has(peer);
  }

  /** `pieces`: those that the peer holds from now on; null: not known, so it has to be asked again before it counts. */
  #hold(peer: PeerId, pieces: Bitfield | null): void {
    const before = this.#piecesByPeer.get(peer);
    const picker = this.#picker;
    if (picker && before) for (const piece of before) picker.lost(piece);
    if (picker && pieces) for (const piece of pieces) picker.gained(piece);
    if (pieces) this.#piecesByPeer.set(peer, pieces);
    else this.#piecesByPeer.delete(peer);
    if (!pieces) this.#elsewhereByPeer.delete(peer);
  }
}
