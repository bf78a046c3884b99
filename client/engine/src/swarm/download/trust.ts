/**
 * Who is believed, of those who send parts of one file. A stranger's first block is one leaf, judged by itself; and who
 * is believed has credit for as much as it has brought that was verified. So lying does not pay. PROTOCOL.md, rule S9.
 *
 * It does not know who lied in a piece of several senders (blames.ts), nor what is asked of those who are believed.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Assembly, Request } from "./assembly.ts";
import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { LEAF_BYTES } from "../../names/file-id.ts";
import type { Holders } from "./holders.ts";
import type { Time } from "../../base/time.ts";
import { HASHES_TIMEOUT_MS } from "./layer-fetch.ts";
import { hashAt } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Refusal } from "../../names/refusal.ts";
import { MAX_WINDOW_BYTES, type Source } from "./source.ts";
import type { TrueLeaves } from "./true-leaves.ts";

export interface TrustContext {
  refuse(peer: PeerId, refusal: Refusal): void;
  /** Something can be asked for that could not be asked for before. */
  stir(): void;
}

/** The first block of a peer that has sent nothing true yet: one leaf, judged by itself. */
interface Trial {
  readonly request: Request;
  readonly chunks: Uint8Array[];
  trueLeaf: Uint8Array | null;
  readonly dueAt: Time;
}

export class Trust {
  readonly #context: TrustContext;
  readonly #holders: Holders;
  readonly #leaves: TrueLeaves;
  readonly #trialsByPeer = new Map<PeerId, Trial>();

  constructor(context: TrustContext, holders: Holders, leaves: TrueLeaves) {
    this.#context = context;
    this.#holders = holders;
    this.#leaves = leaves;
  }

  /** It has sent something true, or nobody else is in sight: then there is nobody to turn to. */
  isBelieved(source: Source): boolean {
    return source.isTrusted || this.#holders.isAlone(source);
  }

  /** Unless nobody else is in sight, what of it is not verified stays within what was, and a piece. */
  hasCredit(source: Source, assemblies: ReadonlyMap<number, Assembly>): boolean {
    if (source.verifiedBytes >= MAX_WINDOW_BYTES || this.#holders.isAlone(source)) return true;
    let unverifiedBytes = 0;
    for (const assembly of assemblies.values()) unverifiedBytes += assembly.bytesOfSource(source);
    return unverifiedBytes <= source.verifiedBytes;
  }

  /** What it sent was verified. */
  credit(source: Source, bytes: number): void {
    this.believe(source);
    if (source.verifiedBytes < MAX_WINDOW_BYTES) this.#wake(source);
    source.verifiedBytes += bytes;
  }

  believe(source: Source): void {
    if (source.isTrusted) return;
    source.isTrusted = true;
    this.#wake(source);
  }

  // -- trials --------------------------------------------------------------------------------------------------------

  /** Until the verdict it is asked for nothing more. */
  isOnTrial(source: Source): boolean {
    return this.#trialsByPeer.has(source.peer);
  }

  /** The request is for one leaf, and about to be sent: first the hashes to judge it by are asked for. */
  begin(request: Request, now: Time): void {
    const { source, assembly } = request;
    this.#leaves.ask(source.peer, assembly.piece);
    assembly.opener = source;
    const dueAt = now + HASHES_TIMEOUT_MS;
    this.#trialsByPeer.set(source.peer, { request, chunks: [], trueLeaf: null, dueAt });
  }

  /** Bytes of a request came, and are counted in it. */
  block(request: Request, bytes: Uint8Array): void {
    const trial = this.#trialsByPeer.get(request.source.peer);
    if (trial?.request !== request) return;
    trial.chunks.push(bytes.slice());
    this.#judge(trial);
  }

  heard(source: Source, piece: number, trueLeaves: Uint8Array): void {
    const trial = this.#trialsByPeer.get(source.peer);
    if (trial?.request.assembly.piece !== piece) return;
    const { begin, assembly } = trial.request;
    trial.trueLeaf = hashAt(trueLeaves, (begin - assembly.begin) / LEAF_BYTES).slice();
    this.#judge(trial);
  }

  /** It does not tell the leaves of a piece. */
  untold(source: Source, piece: number): void {
    const trial = this.#trialsByPeer.get(source.peer);
    if (trial?.request.assembly.piece === piece) this.end(trial.request);
  }

  /** Without a verdict, when the request was on trial: it will bring nothing more. */
  end(request: Request): void {
    const { peer } = request.source;
    if (this.#trialsByPeer.get(peer)?.request !== request) return;
    this.#trialsByPeer.delete(peer);
    request.assembly.opener = null;
  }

  drop(peer: PeerId): void {
    this.#trialsByPeer.delete(peer);
  }

  /** Nothing is asked of anybody any more. */
  leave(): void {
    this.#trialsByPeer.clear();
  }

  tick(now: Time): void {
    for (const { request, dueAt } of this.#trialsByPeer.values())
      if (request.received === request.length && now >= dueAt) this.end(request);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #judge({ request, chunks, trueLeaf }: Trial): void {
    if (request.received < request.length || !trueLeaf) return;
    const isTrue = equalBytes(sha256(concatBytes(...chunks)), trueLeaf);
    this.#trialsByPeer.delete(request.source.peer);
    if (isTrue) return this.believe(request.source);
    request.assembly.opener = null;
    if (!request.assembly.complete) request.assembly.drop(request);
    this.#context.refuse(request.source.peer, "wrong-block");
    this.#context.stir();
  }

  /** It may be asked for more. */
  #wake(source: Source): void {
    source.idle = false;
    this.#context.stir();
  }
}
