/**
 * A list for people to see: how many bytes of each file were sent to each peer, and how that ended. Each row stays
 * until the person clears it. No decision depends on it. PROTOCOL.md, rule S19.
 */
import type { FileId } from "../../names/file-id.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { Rate } from "../../base/rate.ts";
import type { UploadEnd } from "../../io/view.ts";

/** Rows for one person, and for all. The oldest ended rows go first; rows that the person stopped stay. Guess. */
const MAX_SENDINGS_PER_PEER = 64;
const MAX_SENDINGS = 256;
const RATE_MEMORY_MS = 3000;
/** How often the page is updated while bytes go out, and for how long after the last byte. */
const LOOK_EVERY_MS = 1000;
const LOOK_FOR_MS = 5000;

export interface Sending {
  readonly peer: PeerId;
  readonly file: FileId;
  readonly name: string;
  readonly rate: Rate;
  sentBytes: number;
  /** When the last byte went out, or the first request after an end came. */
  lastAt: Time;
  end: UploadEnd | null;
}

export class Sent implements Iterable<Sending> {
  readonly #sendingByKey = new Map<string, Sending>();
  readonly #bytesByFile = new Map<FileId, number>();
  /** The last names of peers that are gone, as long as they have a row. */
  readonly #nameByPeer = new Map<PeerId, string>();
  #lookAt: Time | null = null;

  [Symbol.iterator](): IterableIterator<Sending> {
    return this.#sendingByKey.values();
  }

  add(peer: PeerId, file: FileId, name: string, bytes: number, now: Time): void {
    const sending = this.#sendingByKey.get(keyOf(peer, file)) ?? this.#begin(peer, file, name, now);
    sending.sentBytes += bytes;
    sending.lastAt = now;
    sending.rate.add(bytes, now);
    this.#bytesByFile.set(file, this.bytesOf(file) + bytes);
    this.#lookAt ??= now + LOOK_EVERY_MS;
  }

  /** The peer asks for more of the file. */
  asked(peer: PeerId, file: FileId, now: Time): void {
    const sending = this.#sendingByKey.get(keyOf(peer, file));
    if (!sending?.end || sending.end === "stopped") return;
    sending.end = null;
    sending.lastAt = now;
    this.#lookAt ??= now + LOOK_EVERY_MS;
  }

  /** The sending ended. `end`: null when it may go on. */
  ended(peer: PeerId, file: FileId, end: UploadEnd | null): void {
    const sending = this.#sendingByKey.get(keyOf(peer, file));
    if (sending) sending.end = end;
  }

  /** The file is not served any more. */
  withdrawn(file: FileId): void {
    for (const sending of this) if (sending.file === file) sending.end ??= "withdrawn";
  }

  peerDown(peer: PeerId): void {
    for (const sending of this) if (sending.peer === peer) sending.end ??= "parted";
  }

  gone(peer: PeerId, name: string): void {
    for (const sending of this) if (sending.peer === peer) this.#nameByPeer.set(peer, name);
  }

  lastNameOf(peer: PeerId): string {
    return this.#nameByPeer.get(peer) ?? "";
  }

  clear(peer: PeerId, file: FileId): void {
    this.#sendingByKey.delete(keyOf(peer, file));
    for (const sending of this) if (sending.peer === peer) return;
    this.#nameByPeer.delete(peer);
  }

  /** Bytes of the file that this tab has sent to all peers together. */
  bytesOf(file: FileId): number {
    return this.#bytesByFile.get(file) ?? 0;
  }

  tick(now: Time): void {
    if (this.#lookAt === null || now < this.#lookAt) return;
    this.#lookAt = null;
    for (const { end, lastAt } of this)
      if (end === null && now - lastAt < LOOK_FOR_MS) this.#lookAt = now + LOOK_EVERY_MS;
  }

  /** When the list may have changed by itself. */
  nextDeadline(): Time | null {
    return this.#lookAt;
  }

  #begin(peer: PeerId, file: FileId, name: string, now: Time): Sending {
    const rate = new Rate(RATE_MEMORY_MS);
    const sending = { peer, file, name, rate, sentBytes: 0, lastAt: now, end: null };
    this.#sendingByKey.set(keyOf(peer, file), sending);
    const ofPeer = [...this].filter((one) => one.peer === peer);
    if (ofPeer.length > MAX_SENDINGS_PER_PEER) this.#forgetOne(ofPeer);
    if (this.#sendingByKey.size > MAX_SENDINGS) this.#forgetOne([...this]);
    return sending;
  }

  #forgetOne(sendings: readonly Sending[]): void {
    const mayGo = sendings.filter(({ end }) => end !== "stopped");
    const oldest = mayGo.find(({ end }) => end !== null) ?? mayGo[0];
    if (oldest) this.clear(oldest.peer, oldest.file);
  }
}

const keyOf = (peer: PeerId, file: FileId): string => `${peer} ${file}`;
