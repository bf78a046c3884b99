/**
 * It decides which senders of one file are believed. A stranger is asked for one leaf, which is judged by itself. A
 * believed peer may owe as many unverified bytes as it has brought verified ones: lying does not pay. PROTOCOL.md, S9.
 *
 * It does not know who lied in a piece of several senders (blames.ts), nor what believed peers are asked for.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { ASK_AGAIN } from "../sources/event.ts";
import type { Assembly } from "./assembly.ts";
import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { LEAF_BYTES, pieceBegin, type Geometry } from "../../names/file-id.ts";
import type { Holders } from "./holders.ts";
import type { Time } from "../../base/time.ts";
import { hashAt } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Supplies } from "../sources/supplies.ts";
import type { Request } from "../sources/request.ts";
import { MAX_WINDOW_BYTES, type Source } from "../sources/source.ts";
import { HASHES_TIMEOUT_MS, type TrueLeaves } from "./true-leaves.ts";

/** A trial ended without belief in its peer. `isFalse`: the leaf that it sent is not the true one. */
export interface Verdict {
  readonly request: Request;
  readonly isFalse: boolean;
}

/** The first request to a peer that has sent nothing true yet: one leaf, judged by itself. */
interface Trial {
  readonly request: Request;
  readonly chunks: Uint8Array[];
  trueLeaf: Uint8Array | null;
  readonly dueAt: Time;
}

export class Trust {
  readonly #geometry: Geometry;
  readonly #supplies: Supplies;
  readonly #holders: Holders;
  readonly #leaves: TrueLeaves;
  readonly #trialsByPeer = new Map<PeerId, Trial>();

  constructor(geometry: Geometry, supplies: Supplies, holders: Holders, leaves: TrueLeaves) {
    this.#geometry = geometry;
    this.#supplies = supplies;
    this.#holders = holders;
    this.#leaves = leaves;
  }

  /** Whether the peer has sent something true, or is the only source, so that there is no other to ask. */
  isBelieved(source: Source): boolean {
    return source.isTrusted || this.#holders.isAlone(source);
  }

  /** Whether its unverified bytes are no more than its verified ones. A lone source always has credit. */
  hasCredit(source: Source, assemblies: ReadonlyMap<number, Assembly>): boolean {
    if (source.verifiedBytes >= MAX_WINDOW_BYTES || this.#holders.isAlone(source)) return true;
    let unverifiedBytes = 0;
    for (const assembly of assemblies.values()) unverifiedBytes += assembly.bytesFrom(source.peer);
    return unverifiedBytes <= source.verifiedBytes;
  }

  /** `bytes` that the peer sent were verified. */
  credit(peer: PeerId, bytes: number): void {
    this.believe(peer);
    const source = this.#supplies.sources.get(peer);
    if (!source) return;
    if (source.verifiedBytes < MAX_WINDOW_BYTES) this.#wake(source);
    source.verifiedBytes += bytes;
  }

  believe(peer: PeerId): void {
    const source = this.#supplies.sources.get(peer);
    if (!source || source.isTrusted) return;
    source.isTrusted = true;
    this.#wake(source);
  }

  // -- trials --------------------------------------------------------------------------------------------------------

  /** Whether the peer is on trial: until the verdict it is asked for nothing more. */
  isOnTrial(source: Source): boolean {
    return this.#trialsByPeer.has(source.peer);
  }

  /** Begins a trial with a request for one leaf. The true hashes are asked for before the request is sent. */
  begin(request: Request, now: Time): void {
    this.#leaves.ask(request.peer, request.piece);
    const dueAt = now + HASHES_TIMEOUT_MS;
    this.#trialsByPeer.set(request.peer, { request, chunks: [], trueLeaf: null, dueAt });
  }

  /** Bytes of a request came, and are counted in it already. */
  block(request: Request, bytes: Uint8Array): Verdict | null {
    const trial = this.#trialsByPeer.get(request.peer);
    if (trial?.request !== request) return null;
    trial.chunks.push(bytes.slice());
    return this.#judge(trial);
  }

  heard(peer: PeerId, piece: number, trueLeaves: Uint8Array): Verdict | null {
    const trial = this.#trialsByPeer.get(peer);
    if (trial?.request.piece !== piece) return null;
    const leaf = (trial.request.begin - pieceBegin(this.#geometry, piece)) / LEAF_BYTES;
    trial.trueLeaf = hashAt(trueLeaves, leaf).slice();
    return this.#judge(trial);
  }

  /** The peer does not tell the leaves of a piece. */
  untold(peer: PeerId, piece: number): Verdict | null {
    const trial = this.#trialsByPeer.get(peer);
    return trial?.request.piece === piece ? this.end(trial.request) : null;
  }

  /** Ends the trial with this request without a judgement; null: there was none. */
  end(request: Request): Verdict | null {
    if (this.#trialsByPeer.get(request.peer)?.request !== request) return null;
    this.#trialsByPeer.delete(request.peer);
    return { request, isFalse: false };
  }

  drop(peer: PeerId): void {
    this.#trialsByPeer.delete(peer);
  }

  /** Ends all trials, because nothing is asked for any more. */
  leave(): void {
    this.#trialsByPeer.clear();
  }

  tick(now: Time): Verdict[] {
    return [...this.#trialsByPeer.values()].flatMap(({ request, dueAt }) => {
      const isOverdue = request.received === request.length && now >= dueAt;
      const verdict = isOverdue ? this.end(request) : null;
      return verdict ? [verdict] : [];
    });
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #judge({ request, chunks, trueLeaf }: Trial): Verdict | null {
    if (request.received < request.length || !trueLeaf) return null;
    const isTrue = equalBytes(sha256(concatBytes(...chunks)), trueLeaf);
    this.#trialsByPeer.delete(request.peer);
    if (isTrue) {
      this.believe(request.peer);
      return null;
    }
    this.#supplies.sources.refuse(request.peer, "wrong-block");
    this.#supplies.events.push(ASK_AGAIN);
    return { request, isFalse: true };
  }

  /** Lets the source be asked for more. */
  #wake(source: Source): void {
    source.idle = false;
    this.#supplies.events.push(ASK_AGAIN);
  }
}
