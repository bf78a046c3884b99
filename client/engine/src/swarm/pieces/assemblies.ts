/**
 * The pieces of one file that are arriving, and the requests for their bytes: begun pieces first, then new ones, and in
 * the end bytes that other sources are slow to bring. PROTOCOL.md, rules S2, S6 and S8.
 *
 * Windows are in source.ts, the time to ask in swarm.ts, the choice of a piece in picker.ts, and trust in trust.ts. It
 * does not know what becomes of a piece once all of it is here.
 */
import { ASK_AGAIN } from "../sources/event.ts";
import { Assembly, type Leaves } from "./assembly.ts";
import type { Bitfield } from "../../base/bitfield.ts";
import type { Blames } from "./blames.ts";
import { LEAF_BYTES, pieceBytes, type FileId, type Geometry } from "../../names/file-id.ts";
import type { Holders } from "./holders.ts";
import type { SwarmFrame } from "../../wire/frame.ts";
import type { SwarmOutput } from "../../io/io.ts";
import type { Supplies } from "../sources/supplies.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Picker } from "./picker.ts";
import type { Request } from "../sources/request.ts";
import type { Source } from "../sources/source.ts";
import type { Trust, Verdict } from "./trust.ts";

/** Another source must be this much sooner before a request moves to it: estimates are rough. Guess. */
const WORTH_MOVING = 1.5;

/** The request that will be answered last, among those to other sources. */
interface LastRequest {
  readonly request: Request;
  readonly assembly: Assembly;
  readonly source: Source;
}

export class Assemblies implements Iterable<Assembly> {
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #supplies: Supplies;
  readonly #holders: Holders;
  readonly #trust: Trust;
  readonly #blames: Blames;
  /** Null while nothing may be asked for. */
  #picker: Picker | null = null;
  readonly #assemblyByPiece = new Map<number, Assembly>();

  constructor(
    file: FileId,
    geometry: Geometry,
    supplies: Supplies,
    holders: Holders,
    trust: Trust,
    blames: Blames,
  ) {
    this.#file = file;
    this.#geometry = geometry;
    this.#supplies = supplies;
    this.#holders = holders;
    this.#trust = trust;
    this.#blames = blames;
  }

  /** Pieces may be picked now. */
  begin(picker: Picker): void {
    this.#picker = picker;
  }

  of(piece: number): Assembly | undefined {
    return this.#assemblyByPiece.get(piece);
  }

  [Symbol.iterator](): IterableIterator<Assembly> {
    return this.#assemblyByPiece.values();
  }

  // -- asking --------------------------------------------------------------------------------------------------------

  /** Makes one more request of a source: the rest of a begun piece, or a new piece. False: it has nothing for us. */
  ask(source: Source, now: Time): boolean {
    const held = this.#holders.piecesOf(source.peer);
    const picker = this.#picker;
    if (!picker || !held || held.count === 0) return false;
    if (this.#trust.isOnTrial(source)) return false;
    const elsewhere = this.#holders.elsewhereOf(source.peer);
    const hasCredit = this.#trust.hasCredit(source, this.#assemblyByPiece);
    let othersGap: Assembly | null = null;
    for (const assembly of this.#assemblyByPiece.values()) {
      if (!assembly.hasGap || !held.has(assembly.piece) || elsewhere?.has(assembly.piece)) continue;
      if (!hasCredit && assembly.bytesFrom(source.peer) === 0) continue;
      if (!assembly.opener || assembly.opener === source.peer) return this.#askFor(source, assembly, now);
      othersGap ??= assembly;
    }
    const piece = hasCredit ? picker.pick(held, this.#lastPieceOf(source), elsewhere) : null;
    if (piece === null || !this.#supplies.budget.reserve(pieceBytes(this.#geometry, piece)))
      return othersGap !== null && this.#askFor(source, othersGap, now);
    const assembly = new Assembly(this.#geometry, piece);
    this.#assemblyByPiece.set(piece, assembly);
    picker.close(piece);
    return this.#askFor(source, assembly, now);
  }

  /**
   * Lets an idle source take over from the one that will be last. It gets the whole of a request that has not begun to
   * arrive; in the endgame, when every piece is asked for, it gets a share of one that is arriving.
   */
  help(source: Source, now: Time): boolean {
    const held = this.#holders.piecesOf(source.peer);
    const picker = this.#picker;
    if (!picker || !held || held.count === 0 || !source.mayHelp) return false;
    if (this.#trust.isOnTrial(source) || !this.#trust.hasCredit(source, this.#assemblyByPiece)) return false;
    const last = this.#lastRequest(source, held, picker.openCount === 0, now);
    if (!last) return false;
    const { request, assembly } = last;
    if (request.received > 0 && !this.#trust.isBelieved(source)) return false;
    if (request.received > 0) return this.#request(source, assembly, this.#shareOf(last, source, now), now);
    if (!this.#isSooner(source, request.length, last.source, now)) return false;
    this.cancel(request);
    return this.#askFor(source, assembly, now);
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  /** Takes the next bytes of a request. If none count, the rest is cancelled. @returns the piece, once whole. */
  block(request: Request, bytes: Uint8Array): Assembly | null {
    const assembly = this.#assemblyOf(request);
    const runs = assembly.receive(request, bytes);
    for (const { begin, bytes } of runs) this.#emit({ type: "put-block", file: this.#file, begin, bytes });
    if (request.received === request.length) this.release(request);
    this.judged(this.#trust.block(request, bytes));
    if (assembly.isWhole) return assembly;
    if (runs.length === 0) this.cancel(request);
    return null;
  }

  /** The request will bring nothing more. */
  release(request: Request): void {
    const assembly = this.#assemblyOf(request);
    assembly.released(request);
    if (request.received < request.length) {
      this.judged(this.#trust.end(request));
      const source = this.#supplies.sources.get(request.peer);
      this.#supplies.budget.giveBack(source, request.length - request.received);
    }
    if (assembly.hasGap) this.#supplies.events.push(ASK_AGAIN);
  }

  /** Cancels a request. The peer still owes an answer. */
  cancel(request: Request): void {
    if (request.cancelled) return;
    if (request.received < request.length) {
      request.cancelled = true;
      this.#supplies.sources.get(request.peer)?.gaveUp(request);
      this.#send(request.peer, { type: "cancel", id: request.id });
    }
    this.release(request);
  }

  /** From now on any source may bring the rest of the pieces that this peer began. */
  peerDown(peer: PeerId): void {
    for (const assembly of this) if (assembly.opener === peer) assembly.opener = null;
    this.#supplies.events.push(ASK_AGAIN);
  }

  /** A stranger is not believed: others may bring the rest of its piece, and its leaf is dropped if it is false. */
  judged(verdict: Verdict | null): void {
    const assembly = verdict && this.of(verdict.request.piece);
    if (!assembly) return;
    assembly.opener = null;
    if (verdict.isFalse && !assembly.complete) assembly.drop(verdict.request);
  }

  // -- pieces --------------------------------------------------------------------------------------------------------

  /** All bytes of the piece are here, and it is to be checked. */
  complete(assembly: Assembly): void {
    this.#cancelAll(assembly);
    assembly.complete = true;
  }

  /** The piece is to be fetched anew. */
  drop(assembly: Assembly): void {
    const { piece } = assembly;
    this.#cancelAll(assembly);
    this.#emit({ type: "drop-piece", file: this.#file, piece });
    this.forget(assembly);
    this.#picker?.open(piece);
    this.#supplies.events.push(ASK_AGAIN);
  }

  forget(assembly: Assembly): void {
    this.#cancelAll(assembly);
    this.#assemblyByPiece.delete(assembly.piece);
    this.#blames.forget(assembly.piece);
    if (this.#supplies.budget.free(assembly.length)) this.#supplies.events.push(ASK_AGAIN);
  }

  /** Nothing is asked for any more. A piece that the host is checking stays; the other pieces are dropped. */
  leave(): void {
    this.#picker = null;
    for (const assembly of this)
      if (!assembly.complete || this.#blames.has(assembly.piece)) this.drop(assembly);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  /** Requests the first gap of the piece; a stranger is asked for one leaf of it. [S9] */
  #askFor(source: Source, assembly: Assembly, now: Time): boolean {
    const gap = assembly.gap();
    if (!gap || this.#trust.isBelieved(source)) return this.#request(source, assembly, gap, now);
    const request = this.#begin(source, assembly, { begin: gap.begin, end: gap.begin + 1 }, now);
    this.#trust.begin(request, now);
    assembly.opener = source.peer;
    this.#sendRequest(request);
    return true;
  }

  #request(source: Source, assembly: Assembly, leaves: Leaves | null, now: Time): boolean {
    if (!leaves) return false;
    this.#sendRequest(this.#begin(source, assembly, leaves, now));
    return true;
  }

  /** Begins a request for these leaves, or for as many of them as a limit lets through. [S18] */
  #begin(source: Source, assembly: Assembly, leaves: Leaves, now: Time): Request {
    const { sources, budget } = this.#supplies;
    const id = sources.nextRequestId();
    const most = Math.max(1, Math.floor(budget.biteBytes(source) / LEAF_BYTES));
    const { begin, length } = assembly.bytesOf({
      begin: leaves.begin,
      end: Math.min(leaves.end, leaves.begin + most),
    });
    budget.spend(source, length, now);
    const request: Request = {
      id,
      peer: source.peer,
      file: this.#file,
      piece: assembly.piece,
      begin,
      length,
      sentAt: now,
      received: 0,
      cancelled: false,
    };
    assembly.asked(request);
    source.asked(request, now);
    return request;
  }

  #sendRequest({ id, peer, file, begin, length }: Request): void {
    this.#send(peer, { type: "request", id, file, begin, length });
  }

  /** A run goes on only while nobody else fetches the file: others are better off when we have other pieces. */
  #lastPieceOf({ lastAsked }: Source): number | null {
    return lastAsked?.file === this.#file && !this.#supplies.view.isWanted(this.#file)
      ? lastAsked.piece
      : null;
  }

  /** The request that will be answered last, among those to others for pieces that this source holds. */
  #lastRequest(source: Source, held: Bitfield, endgame: boolean, now: Time): LastRequest | null {
    const elsewhere = this.#holders.elsewhereOf(source.peer);
    let last: LastRequest | null = null;
    let lastMs = 0;
    for (const assembly of this.#assemblyByPiece.values()) {
      if (!held.has(assembly.piece) || elsewhere?.has(assembly.piece)) continue;
      for (const request of assembly.requests) {
        if (request.peer === source.peer) break;
        if (request.received > 0 && !(endgame && assembly.requests.size === 1)) continue;
        const other = this.#supplies.sources.get(request.peer);
        const readyMs = other?.readyInMs(0, now) ?? 0;
        if (!other || readyMs < lastMs) continue;
        last = { request, assembly, source: other };
        lastMs = readyMs;
      }
    }
    return last;
  }

  #isSooner(source: Source, bytes: number, than: Source, now: Time): boolean {
    if (than.place > source.place) return true;
    return source.readyInMs(bytes, now) * WORTH_MOVING < than.readyInMs(0, now);
  }

  /** The share of a request that moves to this source: all of it if its sender is quiet, else by their speeds. */
  #shareOf(last: LastRequest, source: Source, now: Time): Leaves | null {
    const rest = last.assembly.onlyFrom(last.request);
    if (!rest) return null;
    const [mine, theirs] = [source.bytesPerSecond(), last.source.bytesPerSecond()];
    const share = last.source.isQuiet(now) ? 1 : mine / (mine + theirs);
    const leaves = { begin: rest.end - Math.round((rest.end - rest.begin) * share), end: rest.end };
    if (leaves.begin === leaves.end) return null;
    return this.#isSooner(source, last.assembly.bytesOf(leaves).length, last.source, now) ? leaves : null;
  }

  /** A request that is not cancelled is always for a piece under assembly. */
  #assemblyOf({ piece }: Request): Assembly {
    return this.#assemblyByPiece.get(piece)!;
  }

  #emit(output: SwarmOutput): void {
    this.#supplies.events.push({ type: "output", output });
  }

  #send(to: PeerId, frame: SwarmFrame): void {
    this.#supplies.events.push({ type: "send", to, frame });
  }

  #cancelAll(assembly: Assembly): void {
    for (const request of [...assembly.requests]) this.cancel(request);
  }
}
