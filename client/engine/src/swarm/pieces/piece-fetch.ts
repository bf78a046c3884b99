/**
 * Fetches the pieces of one file from peers: it asks for bytes, takes them, decides which senders are believed or
 * blamed, and tells which piece is whole. PROTOCOL.md, rules S6, S9 and S11.
 *
 * Its parts are the holders (holders.ts), the arriving pieces and their requests (assemblies.ts), trust (trust.ts) and
 * blame (blames.ts). It does not know what is stored, nor when to ask (swarm.ts).
 */
import { Assemblies } from "./assemblies.ts";
import { Blames, type Hopeless } from "./blames.ts";
import type { Bitfield } from "../../base/bitfield.ts";
import type { FetchEnd, RejectReason } from "../../wire/frame.ts";
import type { FileId, Geometry } from "../../names/file-id.ts";
import { Holders } from "./holders.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { Picker } from "./picker.ts";
import type { PieceOrder, ReadProblem } from "../../io/io.ts";
import type { Request } from "../sources/request.ts";
import type { Source } from "../sources/source.ts";
import { ASK_AGAIN } from "../sources/event.ts";
import type { Supplies } from "../sources/supplies.ts";
import type { Time } from "../../base/time.ts";
import { TrueLeaves } from "./true-leaves.ts";
import { Trust } from "./trust.ts";

export class PieceFetch {
  readonly holders: Holders;
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #supplies: Supplies;
  readonly #leaves: TrueLeaves;
  readonly #trust: Trust;
  readonly #blames: Blames;
  readonly #assemblies: Assemblies;
  /** Null while nothing may be asked for. */
  #picker: Picker | null = null;
  /** Linked peers that were asked for bytes: they are told how the fetching ended. [S19] */
  readonly #askedPeers = new Set<PeerId>();

  constructor(file: FileId, geometry: Geometry, supplies: Supplies) {
    this.#file = file;
    this.#geometry = geometry;
    this.#supplies = supplies;
    this.holders = new Holders(file, geometry, supplies);
    this.#leaves = new TrueLeaves(file, geometry, supplies.events);
    this.#trust = new Trust(geometry, supplies, this.holders, this.#leaves);
    this.#blames = new Blames(supplies, this.holders, this.#leaves, this.#trust);
    this.#assemblies = new Assemblies(file, geometry, supplies, this.holders, this.#trust, this.#blames);
  }

  // -- beginning and ending ------------------------------------------------------------------------------------------

  /** From now on pieces that are not verified may be asked for. */
  begin(verified: Bitfield, order: PieceOrder): void {
    const picker = new Picker(this.#geometry, () => this.#supplies.view.random(), order);
    this.holders.begin(picker);
    this.#assemblies.begin(picker);
    for (let piece = 0; piece < this.#geometry.pieceCount; piece++)
      if (!verified.has(piece) && !this.#assemblies.of(piece)) picker.open(piece);
    this.#picker = picker;
    this.#supplies.events.push(ASK_AGAIN);
  }

  order(order: PieceOrder): void {
    if (this.#picker) this.#picker.order = order;
  }

  /** Nothing is asked for any more; only pieces that the host is checking stay. */
  leave(): void {
    this.#picker = null;
    this.holders.leave();
    this.#supplies.events.push(ASK_AGAIN);
    this.#trust.leave();
    this.#assemblies.leave();
  }

  /** Tells the asked peers how the fetching ended. If a paused one is cancelled later, they are told again. */
  tellEnd(how: FetchEnd): void {
    for (const to of this.#askedPeers)
      this.#supplies.events.push({ type: "send", to, frame: { type: "fetch-ended", file: this.#file, how } });
    if (how !== "paused") this.#askedPeers.clear();
  }

  /** The store takes no more bytes: all arriving pieces are dropped. */
  drop(): void {
    for (const assembly of this.#assemblies) this.#assemblies.drop(assembly);
  }

  /** The store is gone, and all arriving pieces with it. */
  forget(): void {
    for (const assembly of this.#assemblies) this.#assemblies.forget(assembly);
  }

  // -- what the host says --------------------------------------------------------------------------------------------

  /** The peer that sent the most of a piece; null when it is not under assembly, or came from nobody. */
  senderOf(piece: number): PeerId | null {
    return this.#assemblies.of(piece)?.senders()[0] ?? null;
  }

  /** The piece has the right hash, and is stored. */
  stored(piece: number): void {
    const assembly = this.#assemblies.of(piece);
    for (const sender of assembly?.senders() ?? []) this.#trust.credit(sender, assembly!.bytesFrom(sender));
    if (assembly) this.#assemblies.forget(assembly);
    this.#picker?.close(piece);
  }

  /** The piece has a wrong hash. `leaves`: the hashes of the bytes that came. */
  corrupt(piece: number, leaves: Uint8Array, now: Time): void {
    const assembly = this.#assemblies.of(piece);
    if (assembly?.complete) this.#fetchAnew(this.#blames.begin(assembly, leaves, now));
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** The peer is gone. Its requests were released before. */
  peerDown(peer: PeerId, now: Time): void {
    this.#askedPeers.delete(peer);
    this.holders.drop(peer);
    this.#trust.drop(peer);
    this.#leaves.drop(peer);
    this.#fetchAnew(this.#blames.peerDown(peer, now));
    this.#assemblies.peerDown(peer);
  }

  /** A bitfield answers interest, or a question for hashes in vain. @returns the pieces, if the answer counts. [S11] */
  bitfield(source: Source, bits: Uint8Array, now: Time): Bitfield | null {
    const { peer } = source;
    const wasAsked = this.holders.wasAsked(peer) || this.#leaves.wasAsked(peer);
    const held = wasAsked ? this.holders.bitfield(source, bits) : null;
    if (!held) return null;
    for (const piece of this.#leaves.owedBy(peer)) {
      if (held.has(piece)) continue;
      this.#fetchAnew(this.#blames.untold(peer, piece, now));
      this.#assemblies.judged(this.#trust.untold(peer, piece));
    }
    return held;
  }

  /** `pieceHash`: the hash that the leaves must make. */
  leaves(peer: PeerId, piece: number, leaves: Uint8Array, pieceHash: Uint8Array, now: Time): void {
    const refusal = this.#leaves.answered(peer, piece, leaves, pieceHash);
    if (refusal) {
      this.#supplies.sources.refuse(peer, refusal);
      if (refusal !== "unrequested-layer") this.#fetchAnew(this.#blames.untold(peer, piece, now));
      return;
    }
    this.#assemblies.judged(this.#trust.heard(peer, piece, leaves));
    this.#fetchAnew(this.#blames.heard(peer, piece, leaves));
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  /** Makes one more request of a source. False: it has nothing for us. */
  ask(source: Source, now: Time): boolean {
    return this.#asked(source, this.#assemblies.ask(source, now));
  }

  /** Lets an idle source take over from the one that will be last. */
  help(source: Source, now: Time): boolean {
    return this.#asked(source, this.#assemblies.help(source, now));
  }

  /** The next bytes of a request. @returns the piece that is to be checked now, or null. */
  block(request: Request, bytes: Uint8Array): number | null {
    const whole = this.#assemblies.block(request, bytes);
    if (!whole) return null;
    this.#assemblies.complete(whole);
    return whole.piece;
  }

  /** @returns the reason why the peer has nothing of the file to give; null: the reject is about this request alone. */
  rejected(source: Source, request: Request, reason: RejectReason, now: Time): ReadProblem | null {
    const { peer, piece } = request;
    this.#assemblies.release(request);
    switch (reason) {
      case "not-here":
        this.holders.notHere(peer, piece);
        return null;
      case "elsewhere": {
        this.holders.elsewhere(peer, piece, now);
        const assembly = this.#assemblies.of(piece);
        if (assembly?.isEmpty) this.#assemblies.drop(assembly); // it is picked anew
        return null;
      }
      case "busy":
      case "cancelled":
        source.rest(now);
        return null;
      case "changed":
      case "vanished":
        this.holders.unreadable(peer);
        return reason;
    }
  }

  /** The request will bring nothing more. */
  release(request: Request): void {
    this.#assemblies.release(request);
  }

  /** Cancels a request. The peer still owes an answer. */
  cancel(request: Request): void {
    this.#assemblies.cancel(request);
  }

  tick(now: Time): void {
    this.#fetchAnew(this.#blames.tick(now));
    this.holders.tick(now);
    for (const verdict of this.#trust.tick(now)) this.#assemblies.judged(verdict);
  }

  // -- what is to be seen --------------------------------------------------------------------------------------------

  *arriving(): IterableIterator<number> {
    for (const { piece } of this.#assemblies) yield piece;
  }

  /** Whether all missing bytes are here, and being checked. */
  get isChecking(): boolean {
    return this.#picker?.openCount === 0 && [...this.#assemblies].every(({ complete }) => complete);
  }

  /** The linked peers that have open requests. */
  asked(): Source[] {
    const peers = new Set<PeerId>();
    for (const { requests } of this.#assemblies) for (const { peer } of requests) peers.add(peer);
    return [...peers].flatMap((peer) => this.#supplies.sources.get(peer) ?? []);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #asked(source: Source, wasAsked: boolean): boolean {
    if (wasAsked) this.#askedPeers.add(source.peer);
    return wasAsked;
  }

  #fetchAnew(pieces: Hopeless): void {
    for (const piece of pieces) {
      const assembly = this.#assemblies.of(piece);
      if (assembly) this.#assemblies.drop(assembly);
    }
  }
}
