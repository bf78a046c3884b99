/**
 * It tells interested peers which pieces of a file are held: all of them when they ask, and from then on the gained
 * ones, a few at a time. PROTOCOL.md, rules S2 and S5.
 */
import type { FileId } from "../../names/file-id.ts";
import type { Events } from "../../base/events.ts";
import { MAX_HAVE_PIECES } from "../../wire/frame.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Served } from "./served.ts";
import type { UploadEvent } from "./event.ts";

/** Files that one peer may be interested in: it fetches only a few at a time. Guess. */
export const MAX_INTERESTS_PER_PEER = 1024;
const HAVE_DELAY_MS = 100;

interface Listener {
  readonly peer: PeerId;
  readonly files: Set<FileId>;
  readonly unannounced: Map<FileId, number[]>;
}

export class Interests {
  readonly #events: Events<UploadEvent>;
  readonly #served: Served;
  readonly #listenerByPeer = new Map<PeerId, Listener>();
  readonly #listenersByFile = new Map<FileId, Set<Listener>>();
  #dueAt: Time | null = null;

  constructor(events: Events<UploadEvent>, served: Served) {
    this.#events = events;
    this.#served = served;
  }

  peerUp(peer: PeerId): void {
    this.#listenerByPeer.set(peer, { peer, files: new Set(), unannounced: new Map() });
  }

  peerDown(peer: PeerId): void {
    for (const file of this.#listenerByPeer.get(peer)?.files ?? []) this.end(peer, file);
    this.#listenerByPeer.delete(peer);
  }

  /** Tells the peer the held pieces, and from now on the gained ones. False: it is interested in too many files. */
  begin(peer: PeerId, file: FileId): boolean {
    const listener = this.#listenerByPeer.get(peer);
    if (!listener) return true;
    if (!listener.files.has(file)) {
      if (listener.files.size >= MAX_INTERESTS_PER_PEER) return false;
      listener.files.add(file);
      const listeners = this.#listenersByFile.get(file) ?? new Set();
      this.#listenersByFile.set(file, listeners.add(listener));
    }
    this.tell(peer, file);
    return true;
  }

  end(peer: PeerId, file: FileId): void {
    const listener = this.#listenerByPeer.get(peer);
    if (!listener) return;
    listener.files.delete(file);
    listener.unannounced.delete(file);
    const listeners = this.#listenersByFile.get(file);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listenersByFile.delete(file);
  }

  hearsOf(peer: PeerId, file: FileId): boolean {
    return this.#listenerByPeer.get(peer)?.files.has(file) ?? false;
  }

  /** Whether the peer is interested in a file. */
  hears(peer: PeerId): boolean {
    return (this.#listenerByPeer.get(peer)?.files.size ?? 0) > 0;
  }

  /** Whether a peer is interested in this file. */
  isWanted(file: FileId): boolean {
    return this.#listenersByFile.has(file);
  }

  /** One more piece is held. [S5] */
  gained(file: FileId, piece: number, now: Time): void {
    for (const listener of this.#listenersByFile.get(file) ?? []) {
      if (this.#served.isWithheld(listener.peer, file)) continue;
      const pieces = listener.unannounced.get(file);
      if (!pieces) listener.unannounced.set(file, [piece]);
      else if (pieces.push(piece) >= MAX_HAVE_PIECES) this.#announce(listener);
      this.#dueAt ??= now + HAVE_DELAY_MS;
    }
  }

  /** Tells all interested peers which pieces of the file are held. */
  tellAll(file: FileId): void {
    for (const { peer } of this.#listenersByFile.get(file) ?? []) this.tell(peer, file);
  }

  /** Tells a linked peer which pieces of the file are held, whether it is interested or not. */
  tell(peer: PeerId, file: FileId): void {
    this.#listenerByPeer.get(peer)?.unannounced.delete(file);
    const bits = this.#served.holdingFor(peer, file)?.bits() ?? new Uint8Array(0);
    this.#events.push({ type: "send", to: peer, frame: { type: "bitfield", file, bits } });
  }

  tick(now: Time): void {
    if (this.#dueAt === null || now < this.#dueAt) return;
    this.#dueAt = null;
    for (const listener of this.#listenerByPeer.values()) this.#announce(listener);
  }

  nextDeadline(): Time | null {
    return this.#dueAt;
  }

  #announce({ peer, unannounced }: Listener): void {
    for (const [file, pieces] of unannounced)
      this.#events.push({ type: "send", to: peer, frame: { type: "have", file, pieces } });
    unannounced.clear();
  }
}
