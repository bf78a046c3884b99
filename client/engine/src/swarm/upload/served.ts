/**
 * It tells which pieces of a file may be served to a peer: those of shared files and downloads, unless the person took
 * them back or stopped them for this peer, or they can't be read. PROTOCOL.md, rules S17 and S20.
 */
import { Bitfield } from "../../base/bitfield.ts";
import type { Events } from "../../base/events.ts";
import { geometryOf, lengthOf, type FileId } from "../../names/file-id.ts";
import type { LocalFile, ReadProblem } from "../../io/io.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { earliest, type Time } from "../../base/time.ts";
import type { UploadEvent } from "./event.ts";

/** A peer that asks for a withheld file is told so at most this often. */
const WITHHELD_EVERY_MS = 1000;

/** A file that the person has stopped for one peer. */
interface Withheld {
  readonly peer: PeerId;
  readonly file: FileId;
  /** When the peer was told last. */
  toldAt: Time;
  /** The peer asked again too soon after it was told: it is told once more when that is due. */
  isOwed: boolean;
}

/** A file of which pieces may be served. */
export interface Holding {
  readonly name: string;
  /** Piece hashes, joined; empty when the file has one piece, or while they are unknown. */
  readonly layer: Uint8Array;
  /** Whether every piece is held. */
  readonly isFull: boolean;
  has(piece: number): boolean;
  /** As in a bitfield frame. */
  bits(): Uint8Array;
}

/** A file that is being downloaded, or was. */
export interface Downloaded {
  readonly name: string;
  readonly layer: Uint8Array;
  readonly verified: Bitfield;
}

export interface ServedView {
  /** The download of this file; null when it is not known which pieces are stored. */
  downloaded(file: FileId): Downloaded | null;
}

export class Served {
  readonly #events: Events<UploadEvent>;
  readonly #view: ServedView;
  readonly #sharedByFile = new Map<FileId, LocalFile>();
  /** Downloads that the person does not share. */
  readonly #withdrawn = new Set<FileId>();
  readonly #problemByFile = new Map<FileId, ReadProblem>();
  readonly #withheldByKey = new Map<string, Withheld>();

  constructor(events: Events<UploadEvent>, view: ServedView) {
    this.#events = events;
    this.#view = view;
  }

  // -- files ---------------------------------------------------------------------------------------------------------

  /** The file is complete on this device, and may be read (again). */
  share(file: LocalFile): void {
    this.#sharedByFile.set(file.file, file);
    this.#withdrawn.delete(file.file);
    this.#problemByFile.delete(file.file);
  }

  /** The file, shared or downloaded, is not served any more. `isDownload`: it is on the list of downloads. */
  unshare(file: FileId, isDownload: boolean): void {
    this.#sharedByFile.delete(file);
    if (isDownload) this.#withdrawn.add(file);
    this.#problemByFile.delete(file);
  }

  /** The file is no download any more. @returns whether it is also not shared, so that it is not served any more. */
  forget(file: FileId): boolean {
    this.#withdrawn.delete(file);
    if (this.#sharedByFile.has(file)) return false;
    this.#problemByFile.delete(file);
    return true;
  }

  shared(file: FileId): LocalFile | null {
    return this.#sharedByFile.get(file) ?? null;
  }

  /** Null when nothing of the file may be served. */
  holding(file: FileId): Holding | null {
    return this.#problemByFile.has(file) ? null : this.offer(file);
  }

  holdingFor(peer: PeerId, file: FileId): Holding | null {
    return this.isWithheld(peer, file) ? null : this.holding(file);
  }

  /** The same, but also for a file that can't be read. */
  offer(file: FileId): Holding | null {
    const shared = this.#sharedByFile.get(file);
    if (shared) {
      const { pieceCount } = geometryOf(lengthOf(file));
      return {
        name: shared.name,
        layer: shared.layer,
        isFull: true,
        has: (piece) => piece < pieceCount,
        bits: () => Bitfield.full(pieceCount).toBytes(),
      };
    }
    const downloaded = this.#withdrawn.has(file) ? null : this.#view.downloaded(file);
    if (!downloaded) return null;
    const { name, layer, verified } = downloaded;
    return {
      name,
      layer,
      isFull: verified.isFull,
      has: (piece) => verified.has(piece),
      bits: () => verified.toBytes(),
    };
  }

  /** The file can't be read. @returns whether that is news. */
  unreadable(file: FileId, reason: ReadProblem): boolean {
    const isNews = !this.#problemByFile.has(file);
    this.#problemByFile.set(file, reason);
    return isNews;
  }

  problemOf(file: FileId): ReadProblem | null {
    return this.#problemByFile.get(file) ?? null;
  }

  // -- people --------------------------------------------------------------------------------------------------------

  isWithheld(peer: PeerId, file: FileId): boolean {
    return this.#withheldByKey.size > 0 && this.#withheldByKey.has(keyOf(peer, file));
  }

  /** The person stops the file for this peer, until `allow` or the end of the visit. [S20] */
  withhold(peer: PeerId, file: FileId): void {
    this.#withheldByKey.set(keyOf(peer, file), { peer, file, toldAt: -Infinity, isOwed: false });
  }

  /** False: the file was not withheld. */
  allow(peer: PeerId, file: FileId): boolean {
    return this.#withheldByKey.delete(keyOf(peer, file));
  }

  /** The peer asks for a file. If it is withheld, the peer is told so: now, or as soon as that is due again. [S20a] */
  tellWithheld(peer: PeerId, file: FileId, now: Time): void {
    const withheld = this.#withheldByKey.get(keyOf(peer, file));
    if (!withheld) return;
    withheld.isOwed = now - withheld.toldAt < WITHHELD_EVERY_MS;
    if (withheld.isOwed) return;
    withheld.toldAt = now;
    this.#events.push({ type: "send", to: peer, frame: { type: "withheld", file, withheld: true } });
  }

  /** The peer's link is gone. It asks again over the next one. */
  peerDown(peer: PeerId): void {
    for (const withheld of this.#withheldByKey.values()) if (withheld.peer === peer) withheld.isOwed = false;
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    for (const { peer, file, isOwed } of this.#withheldByKey.values())
      if (isOwed) this.tellWithheld(peer, file, now);
  }

  nextDeadline(): Time | null {
    let due: Time | null = null;
    for (const { toldAt, isOwed } of this.#withheldByKey.values())
      if (isOwed) due = earliest(due, toldAt + WITHHELD_EVERY_MS);
    return due;
  }
}

const keyOf = (peer: PeerId, file: FileId): string => `${peer} ${file}`;
