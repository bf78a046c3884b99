/**
 * Asks holders of a piece for its true leaf hashes, and checks that an answer was asked for and makes the piece's hash.
 * PROTOCOL.md, rules S9 and S11.
 *
 * It does not know what they are for (trust.ts, blames.ts), nor when another is to be asked.
 */
import { equalBytes } from "../../base/bytes.ts";
import { HASH_BYTES, LEAF_BYTES, pieceBytes, type FileId, type Geometry } from "../../names/file-id.ts";
import type { DownloadEvent } from "../sources/event.ts";
import type { Events } from "../../base/events.ts";
import { pieceHashOf } from "../../names/merkle.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Refusal } from "../../names/refusal.ts";

/** If a peer does not send hashes within this time, another one is asked. Guess. */
export const HASHES_TIMEOUT_MS = 5000;

export class TrueLeaves {
  readonly #file: FileId;
  readonly #geometry: Geometry;
  readonly #events: Events<DownloadEvent>;
  /** Pieces whose leaves a peer was asked for and has not told. It may tell them even after we have stopped waiting. */
  readonly #owedByPeer = new Map<PeerId, Set<number>>();

  constructor(file: FileId, geometry: Geometry, events: Events<DownloadEvent>) {
    this.#file = file;
    this.#geometry = geometry;
    this.#events = events;
  }

  ask(peer: PeerId, piece: number): void {
    const owed = this.#owedByPeer.get(peer) ?? new Set();
    this.#owedByPeer.set(peer, owed.add(piece));
    const frame = { type: "leaves-request", file: this.#file, piece } as const;
    this.#events.push({ type: "send", to: peer, frame });
  }

  /** The refusal for a false answer; null when it is true. */
  answered(peer: PeerId, piece: number, leaves: Uint8Array, pieceHash: Uint8Array): Refusal | null {
    const owed = this.#owedByPeer.get(peer);
    if (!owed?.delete(piece)) return "unrequested-layer";
    if (owed.size === 0) this.#owedByPeer.delete(peer);
    const leafCount = Math.ceil(pieceBytes(this.#geometry, piece) / LEAF_BYTES);
    if (leaves.length !== leafCount * HASH_BYTES) return "wrong-length";
    return equalBytes(pieceHashOf(leaves, this.#geometry, piece), pieceHash) ? null : "wrong-leaves";
  }

  /** Whether the peer was asked and has not told everything. */
  wasAsked(peer: PeerId): boolean {
    return this.#owedByPeer.has(peer);
  }

  owedBy(peer: PeerId): Iterable<number> {
    return this.#owedByPeer.get(peer) ?? [];
  }

  drop(peer: PeerId): void {
    this.#owedByPeer.delete(peer);
  }
}
