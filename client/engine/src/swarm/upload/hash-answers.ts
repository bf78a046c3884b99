/**
 * Answers requests for hashes: piece layers at once, leaves after the host has hashed the piece. PROTOCOL.md, rules
 * S11, S13 and S17.
 */
import { Allowance } from "../../base/allowance.ts";
import { Bounded } from "../../base/bounded.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { Events } from "../../base/events.ts";
import { HASH_BYTES, geometryOf, lengthOf, rootOf, type FileId } from "../../names/file-id.ts";
import { hashAt, pieceHashOf } from "../../names/merkle.ts";
import type { Interests } from "./interests.ts";
import { MAX_HASHES_PER_FRAME } from "../../wire/frame.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Refusal } from "../../names/refusal.ts";
import type { Served } from "./served.ts";
import type { Time } from "../../base/time.ts";
import type { UploadEvent } from "./event.ts";

/** Hashes of leaves cost the reading of a piece: this many pieces at once, and this many more a second. Guess. */
const LEAVES_AT_ONCE = 256;
const LEAVES_PER_SECOND = 32;
/** Piece layers are charged by bytes, so small files cost little: 256 whole frames at once, 32 more a second. */
const LAYER_BYTES_AT_ONCE = 16 * 1024 * 1024;
const LAYER_BYTES_PER_SECOND = 2 * 1024 * 1024;
/** Each answer is charged at least this. Guess. */
const LEAST_LAYER_BYTES = 1024;
/** Pieces whose leaves the host is hashing for others; the oldest is forgotten first. Guess. */
const MAX_LEAVES_JOBS = 64;

/** How much one linked peer may still ask for. */
interface Allowances {
  readonly leaves: Allowance;
  readonly layers: Allowance;
}

interface LeavesJob {
  readonly file: FileId;
  readonly peers: Set<PeerId>;
}

export class HashAnswers {
  readonly #events: Events<UploadEvent>;
  readonly #served: Served;
  readonly #interests: Interests;
  readonly #allowancesByPeer = new Map<PeerId, Allowances>();
  readonly #jobByPiece = new Bounded<string, LeavesJob>(MAX_LEAVES_JOBS);

  constructor(events: Events<UploadEvent>, served: Served, interests: Interests) {
    this.#events = events;
    this.#served = served;
    this.#interests = interests;
  }

  peerUp(peer: PeerId): void {
    this.#allowancesByPeer.set(peer, {
      leaves: new Allowance(LEAVES_AT_ONCE, LEAVES_PER_SECOND),
      layers: new Allowance(LAYER_BYTES_AT_ONCE, LAYER_BYTES_PER_SECOND),
    });
  }

  peerDown(peer: PeerId): void {
    this.#allowancesByPeer.delete(peer);
    for (const { peers } of this.#jobByPiece.values()) peers.delete(peer);
  }

  layerRequest(peer: PeerId, file: FileId, first: number, now: Time): void {
    const layer = this.#served.holdingFor(peer, file)?.layer ?? new Uint8Array(0);
    const hashes = layer.subarray(first * HASH_BYTES, (first + MAX_HASHES_PER_FRAME) * HASH_BYTES);
    const allowance = this.#allowancesByPeer.get(peer)?.layers;
    if (!allowance?.spend(Math.max(hashes.length, LEAST_LAYER_BYTES), now))
      return this.#refuse(peer, "too-many-requests");
    this.#served.tellWithheld(peer, file, now);
    if (layer.length === 0) return this.#interests.tell(peer, file);
    if (hashes.length === 0) return this.#refuse(peer, "bad-request");
    this.#events.push({ type: "send", to: peer, frame: { type: "layer", file, first, hashes } });
  }

  leavesRequest(peer: PeerId, file: FileId, piece: number, now: Time): void {
    if (!this.#allowancesByPeer.get(peer)?.leaves.spend(1, now))
      return this.#refuse(peer, "too-many-requests");
    this.#served.tellWithheld(peer, file, now);
    if (!this.#served.holdingFor(peer, file)?.has(piece)) return this.#interests.tell(peer, file);
    const key = keyOf(file, piece);
    const job = this.#jobByPiece.get(key);
    if (job) {
      job.peers.add(peer);
      return;
    }
    this.#jobByPiece.set(key, { file, peers: new Set([peer]) });
    this.#events.push({ type: "output", output: { type: "hash-leaves", file, piece } });
  }

  /**
   * The file on disk may have changed since it was shared, so only true leaves are sent on. False: it has changed.
   */
  leavesHashed(file: FileId, piece: number, leaves: Uint8Array): boolean {
    const key = keyOf(file, piece);
    const job = this.#jobByPiece.get(key);
    const holding = this.#served.holding(file);
    this.#jobByPiece.delete(key);
    if (!job || !holding?.has(piece)) return true;
    const geometry = geometryOf(lengthOf(file));
    const hash = geometry.pieceCount > 1 ? hashAt(holding.layer, piece) : rootOf(file);
    if (!equalBytes(pieceHashOf(leaves, geometry, piece), hash)) return false;
    for (const to of job.peers)
      this.#events.push({ type: "send", to, frame: { type: "leaves", file, piece, hashes: leaves } });
    return true;
  }

  /** The file can't be read: peers that wait for its leaves get a bitfield instead. */
  unreadable(file: FileId): void {
    for (const [key, job] of this.#jobByPiece) {
      if (job.file !== file) continue;
      this.#jobByPiece.delete(key);
      for (const peer of job.peers) this.#interests.tell(peer, file);
    }
  }

  #refuse(peer: PeerId, refusal: Refusal): void {
    this.#events.push({ type: "refuse", peer, refusal });
  }
}

const keyOf = (file: FileId, piece: number): string => `${file} ${piece}`;
