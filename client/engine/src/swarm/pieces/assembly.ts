/**
 * One piece while its bytes arrive: which leaves are here, which peer sent each, and which are not asked for.
 *
 * Requests may overlap (endgame). Every leaf of 16 KiB belongs to exactly one request: the one that last sent its first
 * byte before it was complete; bytes of other requests for that leaf don't count. So each leaf has one sender, and when
 * the piece is corrupt, the leaf hashes name the liar. [S9]
 */
import { equalBytes } from "../../base/bytes.ts";
import { LEAF_BYTES, pieceBegin, pieceBytes, type Geometry } from "../../names/file-id.ts";
import { hashAt } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Request } from "../sources/request.ts";

/** A range of leaves of one piece, `end` not included. */
export interface Leaves {
  readonly begin: number;
  readonly end: number;
}

/** Bytes that belong to the piece. `begin` counts from the start of the file. */
export interface Run {
  readonly begin: number;
  readonly bytes: Uint8Array;
}

export class Assembly {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
  /** The requests that may still bring something. */
  readonly requests = new Set<Request>();
  /** All bytes are here, and the host is checking them, or the liar is looked for. */
  complete = false;
  /** A peer on trial with this piece. It is to bring the rest too, unless others have nothing else to bring. */
  opener: PeerId | null = null;
  readonly #leafCount: number;
  readonly #owners: (Request | undefined)[];
  readonly #bytesByLeaf: Uint16Array;
  readonly #requestsByLeaf: Uint8Array;
  #missing: number;
  #unasked: number;

  constructor(geometry: Geometry, piece: number) {
    this.piece = piece;
    this.begin = pieceBegin(geometry, piece);
    this.length = pieceBytes(geometry, piece);
    this.#leafCount = Math.ceil(this.length / LEAF_BYTES);
    this.#owners = new Array<Request | undefined>(this.#leafCount);
    this.#bytesByLeaf = new Uint16Array(this.#leafCount);
    this.#requestsByLeaf = new Uint8Array(this.#leafCount);
    this.#missing = this.#leafCount;
    this.#unasked = this.#leafCount;
  }

  /** Whether some leaf is neither here nor asked for. */
  get hasGap(): boolean {
    return this.#unasked > 0;
  }

  /** The first run of leaves that are neither here nor asked for. */
  gap(): Leaves | null {
    if (this.#unasked === 0) return null;
    let begin = 0;
    while (!this.#isUnasked(begin)) begin++;
    let end = begin + 1;
    while (end < this.#leafCount && this.#isUnasked(end)) end++;
    return { begin, end };
  }

  /** The leaves that only this request is to bring, and has not brought: another source may help with them. */
  onlyFrom(request: Request): Leaves | null {
    const { end } = this.#leavesOf(request);
    const begin = Math.floor((request.begin + request.received - this.begin) / LEAF_BYTES);
    let until = begin;
    while (until < end && this.#requestsByLeaf[until] === 1 && !this.#isHere(until)) until++;
    return until > begin ? { begin, end: until } : null;
  }

  /** The bytes of these leaves, from the start of the file. */
  bytesOf(leaves: Leaves): { begin: number; length: number } {
    const begin = leaves.begin * LEAF_BYTES;
    return { begin: this.begin + begin, length: Math.min(leaves.end * LEAF_BYTES, this.length) - begin };
  }

  asked(request: Request): void {
    this.requests.add(request);
    const { begin, end } = this.#leavesOf(request);
    for (let leaf = begin; leaf < end; leaf++) {
      if (this.#isUnasked(leaf)) this.#unasked--;
      this.#requestsByLeaf[leaf]!++;
    }
  }

  /** The request brings nothing more. Its missing leaves become open, unless other requests cover them. */
  released(request: Request): void {
    if (!this.requests.delete(request)) return;
    const { begin, end } = this.#leavesOf(request);
    for (let leaf = begin; leaf < end; leaf++) {
      this.#requestsByLeaf[leaf]!--;
      if (this.#isUnasked(leaf)) this.#unasked++;
    }
  }

  /** The next bytes of a request. @returns the runs of them that count, in order. */
  receive(request: Request, bytes: Uint8Array): Run[] {
    const first = request.begin + request.received - this.begin;
    request.received += bytes.length;
    const runs: Run[] = [];
    let runBegin = 0;
    const endRun = (end: number): void => {
      if (end === runBegin) return;
      runs.push({ begin: this.begin + first + runBegin, bytes: bytes.subarray(runBegin, end) });
    };
    for (let at = 0; at < bytes.length;) {
      const leaf = Math.floor((first + at) / LEAF_BYTES);
      const within = first + at - leaf * LEAF_BYTES;
      const taken = Math.min(this.#bytesIn(leaf) - within, bytes.length - at);
      if (this.#owns(request, leaf, within)) {
        this.#bytesByLeaf[leaf] = within + taken;
        if (this.#isHere(leaf)) this.#missing--;
      } else {
        endRun(at);
        runBegin = at + taken;
      }
      at += taken;
    }
    endRun(bytes.length);
    return runs;
  }

  /** Whether nothing is here, and nothing asked for. */
  get isEmpty(): boolean {
    return this.requests.size === 0 && this.#bytesByLeaf.every((bytes) => bytes === 0);
  }

  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** The peers that sent it, the one with the most leaves first. */
  senders(): PeerId[] {
    const leavesByPeer = new Map<PeerId, number>();
    for (const owner of this.#owners)
      if (owner) leavesByPeer.set(owner.peer, (leavesByPeer.get(owner.peer) ?? 0) + 1);
    return [...leavesByPeer].sort(([, a], [, b]) => b - a).map(([peer]) => peer);
  }

  /** Bytes of this peer that are here or asked for, in whole leaves. */
  bytesFrom(peer: PeerId): number {
    let leaves = 0;
    for (const owner of this.#owners) if (owner?.peer === peer) leaves++;
    for (const request of this.requests)
      if (request.peer === peer) leaves += Math.ceil((request.length - request.received) / LEAF_BYTES);
    return leaves * LEAF_BYTES;
  }

  /** Drops the leaves that this request brought, because they are false. */
  drop(request: Request): void {
    for (const [leaf, owner] of this.#owners.entries()) if (owner === request) this.#dropLeaf(leaf);
  }

  /** Drops the leaves whose hashes differ from the true ones, and names their senders. The others stay. */
  dropFalse(leaves: Uint8Array, trueLeaves: Uint8Array): PeerId[] {
    const liars = new Set<PeerId>();
    for (let leaf = 0; leaf < this.#leafCount; leaf++) {
      if (equalBytes(hashAt(leaves, leaf), hashAt(trueLeaves, leaf))) continue;
      const owner = this.#owners[leaf];
      if (owner) liars.add(owner.peer);
      this.#dropLeaf(leaf);
    }
    return [...liars];
  }

  #dropLeaf(leaf: number): void {
    const wasUnasked = this.#isUnasked(leaf);
    if (this.#isHere(leaf)) this.#missing++;
    this.#owners[leaf] = undefined;
    this.#bytesByLeaf[leaf] = 0;
    if (!wasUnasked && this.#isUnasked(leaf)) this.#unasked++;
  }

  #owns(request: Request, leaf: number, within: number): boolean {
    if (this.#isHere(leaf)) return false;
    if (within === 0) this.#owners[leaf] = request;
    return this.#owners[leaf] === request;
  }

  #isHere(leaf: number): boolean {
    return this.#bytesByLeaf[leaf] === this.#bytesIn(leaf);
  }

  #isUnasked(leaf: number): boolean {
    return this.#requestsByLeaf[leaf] === 0 && !this.#isHere(leaf);
  }

  #bytesIn(leaf: number): number {
    return Math.min(LEAF_BYTES, this.length - leaf * LEAF_BYTES);
  }

  #leavesOf(request: Request): Leaves {
    const begin = (request.begin - this.begin) / LEAF_BYTES;
    return { begin, end: begin + Math.ceil(request.length / LEAF_BYTES) };
  }
}
