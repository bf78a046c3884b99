/**
 * It tells what may be served of which file to whom: shared files and downloads, unless the person took them back or
 * stopped them for somebody, and unless they can't be read. PROTOCOL.md, rules S17 and S20.
 */
import { Bitfield } from "../../base/bitfield.ts";
import type { Events } from "../../base/events.ts";
import { geometryOf, lengthOf, type FileId } from "../../names/file-id.ts";
import type { LocalFile, ReadProblem } from "../../io/io.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Time } from "../../base/time.ts";
import type { UploadEvent } from "./event.ts";

/** A peer that asks for what is withheld is told so at most this often. */
const WITHHELD_EVERY_MS = 1000;

/** A file of which something may be served. */
export interface Holding {
  readonly name: string;
  /** Piece hashes, joined; empty when the file has one piece, or while they are unknown. */
  readonly layer: Uint8Array;
  /** Every piece is held. */
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
  /** Null when nothing is known to be stored of it. */
  downloaded(file: FileId): Downloaded | null;
}

export class Served {
  readonly #events: Events<UploadEvent>;
  readonly #view: ServedView;
  readonly #sharedByFile = new Map<FileId, LocalFile>();
  /** Downloads that the person does not serve. */
  readonly #withdrawn = new Set<FileId>();
  readonly #problemByFile = new Map<FileId, ReadProblem>();
  /** When the peer was told last, by peer and file: one for each that the person has stopped. */
  readonly #withheldTold = new Map<string, Time>();

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

  /** Whether it was shared or downloaded, it is not served any more. `isDownload`: it is on the list of downloads. */
  unshare(file: FileId, isDownload: boolean): void {
    this.#sharedByFile.delete(file);
    if (isDownload) this.#withdrawn.add(file);
    this.#problemByFile.delete(file);
  }

  /** It is no download any more. @returns whether it is not served any more, either. */
  forget(file: FileId): boolean {
    this.#withdrawn.delete(file);
    if (this.#sharedByFile.has(file)) return false;
    this.#problemByFile.delete(file);
    return true;
  }

  shared(file: FileId): LocalFile | null {
    return this.#sharedByFile.get(file) ?? null;
  }

  /** Null when nothing of it may be served to anybody. */
  holding(file: FileId): Holding | null {
    return this.#problemByFile.has(file) ? null : this.offer(file);
  }

  holdingFor(peer: PeerId, file: FileId): Holding | null {
    return this.isWithheld(peer, file) ? null : this.holding(file);
  }

  /** The same, whether it can be read or not. */
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

  /** It can't be read. @returns whether that is news. */
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
    return this.#withheldTold.size > 0 && this.#withheldTold.has(keyOf(peer, file));
  }

  /** The person stops it for this peer, until `allow` or the end of the visit. [S20] */
  withhold(peer: PeerId, file: FileId): void {
    this.#withheldTold.set(keyOf(peer, file), -Infinity);
  }

  /** False when it was not withheld. */
  allow(peer: PeerId, file: FileId): boolean {
    return this.#withheldTold.delete(keyOf(peer, file));
  }

  /** Before anything that says that the file is not here for it: so it knows why. */
  tellWithheld(peer: PeerId, file: FileId, now: Time): void {
    if (!this.isWithheld(peer, file)) return;
    const toldAt = this.#withheldTold.get(keyOf(peer, file))!;
    if (now - toldAt < WITHHELD_EVERY_MS) return;
    this.#withheldTold.set(keyOf(peer, file), now);
    this.#events.push({ type: "send", to: peer, frame: { type: "withheld", file, withheld: true } });
  }
}

const keyOf = (peer: PeerId, file: FileId): string => `${peer} ${file}`;
