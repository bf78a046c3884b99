/** What was sent of which file to whom, for people to see. Nothing is decided by it. */
import type { FileId } from "./file-id.ts";
import type { Time } from "./io.ts";
import type { PeerId } from "./peer-id.ts";
import { Rate } from "./rate.ts";

/** Sending is recent for this long after its last byte. */
const RECENT_MS = 5000;
const MAX_FILES_PER_PEER = 64;
const RATE_MEMORY_MS = 3000;

interface Sending {
  sentBytes: number;
  lastAt: Time;
  readonly rate: Rate;
}

export interface SentView {
  readonly file: FileId;
  readonly sentBytes: number;
  readonly bytesPerSecond: number;
  readonly isRecent: boolean;
}

export class Sent {
  readonly #sendingsByPeer = new Map<PeerId, Map<FileId, Sending>>();
  readonly #bytesByFile = new Map<FileId, number>();

  add(peer: PeerId, file: FileId, bytes: number, now: Time): void {
    const sendings = this.#sendingsByPeer.get(peer) ?? new Map<FileId, Sending>();
    this.#sendingsByPeer.set(peer, sendings);
    const sending = sendings.get(file) ?? { sentBytes: 0, lastAt: now, rate: new Rate(RATE_MEMORY_MS) };
    sending.sentBytes += bytes;
    sending.lastAt = now;
    sending.rate.add(bytes, now);
    sendings.set(file, sending);
    const [oldest] = sendings.keys();
    if (oldest !== undefined && sendings.size > MAX_FILES_PER_PEER) sendings.delete(oldest);
    this.#bytesByFile.set(file, this.bytesOf(file) + bytes);
  }

  peerDown(peer: PeerId): void {
    this.#sendingsByPeer.delete(peer);
  }

  /** To anybody, in this tab's life. */
  bytesOf(file: FileId): number {
    return this.#bytesByFile.get(file) ?? 0;
  }

  /** To one linked peer, the first file first. */
  to(peer: PeerId, now: Time): SentView[] {
    return [...(this.#sendingsByPeer.get(peer) ?? [])].map(([file, { sentBytes, lastAt, rate }]) => ({
      file,
      sentBytes,
      bytesPerSecond: rate.perSecond(now),
      isRecent: now - lastAt < RECENT_MS,
    }));
  }
}
