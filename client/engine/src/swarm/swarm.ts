/**
 * The door to downloading and serving: who is linked, which downloads have their turn, and when to ask whom. A pure
 * state machine: every call ends by asking whoever has room for more. PROTOCOL.md, "The swarm".
 */
import { MAX_HELD_BYTES } from "./download/assemblies.ts";
import { Bitfield } from "../base/bitfield.ts";
import { Download, type DownloadContext } from "./download/download.ts";
import { geometryOf, lengthOf, type FileId } from "../names/file-id.ts";
import type { BlockFrame, RejectFrame, SwarmFrame } from "../wire/frame.ts";
import { Bucket } from "../base/pace.ts";
import type { Limits, LocalFile, PieceOrder, ReadProblem, SwarmInput, SwarmOutput } from "../io/io.ts";
import type { SwarmEffect } from "../io/swarm-effect.ts";
import type { Time } from "../base/time.ts";
import type { FileEntry } from "../names/library-entry.ts";
import type { PeerId } from "../names/peer-id.ts";
import { isHostile, type Refusal } from "../names/refusal.ts";
import { Source } from "./download/source.ts";
import { Uploads, type Held } from "./upload/upload.ts";
import type { DownloadView, UploadView } from "../io/view.ts";

/** Files of several pieces fetched at a time: more would only finish later, all of them. Guess. */
const LARGE_AT_ONCE = 6;
/** Files of one piece fetched at a time: enough to keep a link of 10 ms full of files of 16 KiB. Guess. */
const SMALL_AT_ONCE = 64;
/** A download without a source gives its turn to another after this. */
const SOURCELESS_TURN_MS = 10_000;
/** How often stalls, silence and turns are looked at while anything is under way. */
const LOOK_EVERY_MS = 500;

export type SwarmEvent =
  | SwarmEffect
  /** A served file cannot be read any more: told once, until it is shared anew. [S17] */
  | { readonly type: "source-unreadable"; readonly file: FileId; readonly reason: ReadProblem };

/** What the swarm may read of the engine around it. */
export interface SwarmView {
  /** [0, 1) */
  random(): number;
  /** Linked peers whose catalog entry offers the file. */
  sourcesOf(file: FileId): readonly PeerId[];
}

/** Downloads of one size, in the order they have their turn. */
class Line {
  readonly limit: number;
  readonly active = new Map<Download, { sourcelessSince: Time | null }>();
  /** With a source. */
  readonly ready = new Set<Download>();
  /** Nobody in the catalog offers it, but somebody linked may hold pieces: they are asked when nothing is ready. */
  readonly hopeful = new Set<Download>();

  constructor(limit: number) {
    this.limit = limit;
  }

  leave(download: Download): void {
    this.active.delete(download);
    this.ready.delete(download);
    this.hopeful.delete(download);
  }
}

export class Swarm {
  readonly #queue: (event: SwarmEvent) => void;
  readonly #view: SwarmView;
  /** Of the call that goes on. */
  readonly #events: SwarmEvent[] = [];
  readonly #downloadContext: DownloadContext;
  readonly #uploads: Uploads;
  readonly #sources = new Map<PeerId, Source>();
  /** Refused as hostile since the last settling. */
  readonly #condemned = new Set<PeerId>();
  readonly #shared = new Map<FileId, LocalFile>();
  readonly #downloads = new Map<FileId, Download>();
  /** Finished downloads that the person does not serve. */
  readonly #withdrawn = new Set<FileId>();
  /** Finished downloads that left the list, and whose store the library serves from. */
  readonly #kept = new Set<FileId>();
  readonly #small = new Line(SMALL_AT_ONCE);
  readonly #large = new Line(LARGE_AT_ONCE);
  #heldBytes = 0;
  /** Something could not be asked for because of #heldBytes. */
  #isFull = false;
  #nextRequestId = 1;
  readonly #bucket = new Bucket();
  #perPeerBytesPerSecond: number | null = null;
  /** A limit lets something be asked for again. */
  #paceAt: Time | null = null;
  #stirred = false;
  #lookAt: Time | null = null;
  #now: Time = 0;

  /** `queue` gets the events of a call at its end, in order. */
  constructor(queue: (event: SwarmEvent) => void, view: SwarmView) {
    this.#queue = queue;
    this.#view = view;
    const refuse = (peer: PeerId, refusal: Refusal): void => this.#refuse(peer, refusal);
    const emit = (output: SwarmOutput): void => void this.#events.push({ type: "output", output });
    const send = (to: PeerId, frame: SwarmFrame): void => void this.#events.push({ type: "send", to, frame });
    const unreadable = (file: FileId, reason: ReadProblem): void =>
      void this.#events.push({ type: "source-unreadable", file, reason });
    this.#uploads = new Uploads({ emit, send, refuse, unreadable, held: (file) => this.#held(file) });
    this.#downloadContext = {
      emit,
      send,
      refuse,
      random: () => view.random(),
      sourcesOf: (file) => this.#sourcesOf(file),
      sources: () => this.#goodSources(),
      sourceOf: (peer) => this.#sources.get(peer),
      nextRequestId: () => this.#nextRequestId++,
      isWanted: (file) => this.#uploads.isWanted(file),
      biteBytes: ({ bucket }) => Math.min(this.#bucket.biteBytes(), bucket.biteBytes()),
      spend: ({ bucket }, bytes) => {
        this.#bucket.spend(bytes, this.#now);
        bucket.spend(bytes, this.#now);
      },
      giveBack: (peer, bytes) => {
        this.#bucket.giveBack(bytes);
        this.#sources.get(peer)?.bucket.giveBack(bytes);
      },
      reserve: (bytes) => this.#reserve(bytes),
      free: (bytes) => {
        this.#heldBytes -= bytes;
        this.#stirred ||= this.#isFull;
        this.#isFull = false;
      },
      stir: () => {
        this.#stirred = true;
      },
      gained: (file, piece) => this.#uploads.gained(file, piece, this.#now),
    };
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** A proven link. */
  peerUp(peer: PeerId, now: Time): void {
    this.#now = now;
    const source = new Source(peer);
    source.bucket.limit(this.#perPeerBytesPerSecond);
    this.#sources.set(peer, source);
    this.#uploads.peerUp(peer);
    for (const download of this.#large.active.keys()) download.sourceUp(source, now);
    for (const download of this.#downloads.values()) this.#sourceMayBeNew(download);
    this.#settle(now);
  }

  peerDown(peer: PeerId, now: Time): void {
    this.#now = now;
    this.#lose(peer);
    this.#uploads.peerDown(peer, now);
    this.#settle(now);
  }

  /** The catalog learned or lost a source of a file. */
  sourcesChanged(file: FileId, now: Time): void {
    const download = this.#downloads.get(file);
    if (!download) return;
    this.#now = now;
    this.#sourceMayBeNew(download);
    this.#settle(now);
  }

  /** Parsed, from a proven peer. */
  frame(peer: PeerId, frame: SwarmFrame, now: Time): void {
    this.#now = now;
    const source = this.#sources.get(peer);
    if (!source) return; // condemned, and its link about to close
    switch (frame.type) {
      case "interest":
        this.#uploads.interest(peer, frame.file, frame.wanted, now);
        break;
      case "bitfield":
      case "have": {
        const download = this.#downloads.get(frame.file);
        if (!download) return; // nobody here fetches it, or not any more
        if (frame.type === "bitfield") download.bitfield(source, frame.bits, now);
        else download.have(source, frame.pieces, now);
        break;
      }
      case "layer-request":
        this.#uploads.layerRequest(peer, frame.file, frame.first, now);
        break;
      case "layer": {
        const download = this.#downloads.get(frame.file);
        if (download) download.layerFrame(source, frame.first, frame.hashes, now);
        else this.#refuse(peer, "unrequested-layer");
        break;
      }
      case "leaves-request":
        this.#uploads.leavesRequest(peer, frame.file, frame.piece, now);
        break;
      case "leaves": {
        const download = this.#downloads.get(frame.file);
        if (download) download.leavesFrame(source, frame.piece, frame.hashes, now);
        else this.#refuse(peer, "unrequested-layer");
        break;
      }
      case "request":
        this.#uploads.request(peer, frame, now);
        break;
      case "cancel":
        this.#uploads.cancel(peer, frame.id, now);
        break;
      case "reject":
        this.#rejected(source, frame, now);
        break;
      case "queue":
        if (source.place === frame.position) return;
        source.place = frame.position;
        this.#stirred = true; // others may be sooner now
        break;
      case "fetch-ended":
        this.#uploads.fetchEnded(peer, frame.file, frame.how);
        break;
      case "withheld": {
        const download = this.#downloads.get(frame.file);
        if (!download) return;
        download.withheld(source, frame.withheld, now);
        if (!frame.withheld) this.#sourceMayBeNew(download);
        break;
      }
      case "block":
        this.#block(source, frame, now);
        break;
    }
    this.#settle(now, source);
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  /** Answers about a download or a link that is gone are dropped. */
  handle(input: SwarmInput, now: Time): void {
    this.#now = now;
    switch (input.type) {
      case "store-opened": {
        const { have, layer = new Uint8Array(0), missingBytes = 0 } = input;
        const download = this.#downloads.get(input.file);
        download?.storeOpened(have, layer, now);
        if (missingBytes > 0) download?.storeFailed({ kind: "full", missingBytes });
        break;
      }
      case "store-failed":
        this.#downloads.get(input.file)?.storeFailed(input.reason);
        break;
      case "piece-stored":
        this.#downloads.get(input.file)?.pieceStored(input.piece);
        break;
      case "piece-corrupt":
        this.#downloads.get(input.file)?.pieceCorrupt(input.piece, input.leaves, now);
        break;
      case "leaves-hashed":
        this.#uploads.leavesHashed(input.file, input.piece, input.leaves, now);
        break;
      case "bytes-sent":
        this.#uploads.bytesSent(input.peer, input.id, input.bytes, now);
        return this.#drain();
      case "read-failed":
        this.#uploads.readFailed(input.file, input.reason, now);
        break;
      case "file-saved":
        this.#downloads.get(input.file)?.saved(input.entries);
        break;
      case "file-kept":
        this.#downloads.get(input.file)?.kept();
        break;
      case "save-failed":
        this.#downloads.get(input.file)?.saveFailed(input.reason, input.entries);
        break;
      case "file-handed":
        this.#handed(input.file, input.from);
        break;
      case "file-hashed":
        return this.#downloads.get(input.file)?.hashed(input.bytes);
      case "file-checked":
        this.#handedChecked(input.file, input.layer);
        break;
    }
    this.#settle(now);
  }

  // -- the person ----------------------------------------------------------------------------------------------------

  limit(limits: Limits, now: Time): void {
    this.#now = now;
    this.#bucket.limit(limits.downloadBytesPerSecond);
    this.#perPeerBytesPerSecond = limits.downloadPerPeerBytesPerSecond;
    for (const { bucket } of this.#sources.values()) bucket.limit(this.#perPeerBytesPerSecond);
    this.#uploads.limit(limits.uploadBytesPerSecond, limits.uploadPerPeerBytesPerSecond, now);
    this.#stirred = true;
    this.#settle(now);
  }

  /** A complete local file that may be served. */
  share(file: LocalFile): void {
    this.#shared.set(file.file, file);
    this.#withdrawn.delete(file.file);
    this.#uploads.offered(file.file);
    this.#drain();
  }

  /** The file is not served any more, whether it was shared or downloaded. */
  unshare(file: FileId): void {
    this.#shared.delete(file);
    if (this.#kept.delete(file)) this.#emit({ type: "close-store", file, forget: true });
    if (this.#downloads.has(file)) this.#withdrawn.add(file);
    this.#uploads.withdrawn(file, this.#now);
    this.#drain();
  }

  /** `stored`: an earlier life left some of it on this device. What is here by another name is only saved. */
  download(file: FileId, name: string, now: Time, stored = false, folder = ""): void {
    const known = this.#downloads.get(file);
    if (known) {
      known.alsoAs({ name, folder });
      return this.resume(file, now);
    }
    this.#now = now;
    this.#kept.delete(file);
    const download = new Download(this.#downloadContext, file, { name, folder });
    this.#downloads.set(file, download);
    const shared = this.#shared.get(file);
    if (shared && !this.#uploads.problemOf(file)) download.isHere(shared.layer);
    else if (stored) download.recall();
    this.#lineUp(download);
    this.#settle(now);
  }

  /** Nothing more of the file is sent to this peer, until it is allowed again or the visit ends. [S20] */
  stopSending(to: PeerId, file: FileId, now: Time): void {
    this.#now = now;
    this.#uploads.stop(to, file, now);
    this.#drain();
  }

  allowSending(to: PeerId, file: FileId, now: Time): void {
    this.#now = now;
    this.#uploads.allow(to, file, now);
    this.#drain();
  }

  /** Takes what was sent off the list. */
  clearSent(to: PeerId, file: FileId): void {
    this.#uploads.clear(to, file);
  }

  /** It left the room, under this name. */
  gone(peer: PeerId, name: string): void {
    this.#uploads.gone(peer, name);
  }

  lastNameOf(peer: PeerId): string {
    return this.#uploads.lastNameOf(peer);
  }

  order(file: FileId, order: PieceOrder): void {
    this.#downloads.get(file)?.order(order);
  }

  pause(file: FileId, now: Time): void {
    const download = this.#downloads.get(file);
    if (!download?.isUnfinished) return;
    this.#now = now;
    download.pause("person");
    this.#settle(now);
  }

  resume(file: FileId, now: Time): void {
    const download = this.#downloads.get(file);
    if (!download) return;
    this.#now = now;
    download.resume();
    this.#lineUp(download);
    this.#settle(now);
  }

  /** What was stored is deleted. `entry`: unless the file is fetched by other names, too. */
  cancel(file: FileId, now: Time, entry?: FileEntry): void {
    const download = this.#downloads.get(file);
    if (!download || (entry && download.isLeftWithout(entry))) return;
    this.#now = now;
    download.end();
    this.#lineOf(download).leave(download);
    this.#downloads.delete(file);
    this.#withdrawn.delete(file);
    if (!this.#shared.has(file)) this.#uploads.withdrawn(file, now);
    this.#settle(now);
  }

  /** The download leaves the list. What the library offers is served on, from its store. */
  clear(file: FileId, now: Time, entry?: FileEntry): void {
    const download = this.#downloads.get(file);
    if (!this.#shared.has(file) || !download?.isWhole) return this.cancel(file, now, entry);
    if (entry && download.isLeftWithout(entry)) return;
    this.#downloads.delete(file);
    this.#kept.add(file);
  }

  /** A complete download as files of the library, one for each name. */
  finished(file: FileId): LocalFile[] {
    const download = this.#downloads.get(file);
    if (!download?.isWhole) return [];
    return download.entries.map(({ name, folder }) => ({ file, name, folder, layer: download.layer }));
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    this.#now = now;
    this.#uploads.tick(now);
    if (this.#lookAt !== null && now >= this.#lookAt) this.#look(now);
    if (this.#paceAt !== null && now >= this.#paceAt) {
      this.#paceAt = null;
      this.#stirred = true;
    }
    this.#settle(now);
  }

  nextDeadline(): Time | null {
    const due = [this.#uploads.nextDeadline(), this.#lookAt, this.#paceAt].filter((at) => at !== null);
    return due.length > 0 ? Math.min(...due) : null;
  }

  // -- what the page reads -------------------------------------------------------------------------------------------

  downloads(now: Time): DownloadView[] {
    return [...this.#downloads.values()].flatMap((download) => download.views(now));
  }

  uploads(now: Time): UploadView[] {
    return this.#uploads.views(now);
  }

  // -- which links it needs ------------------------------------------------------------------------------------------

  /** Files that are to be fetched and are not whole, in the order they were asked for. */
  *wanted(): IterableIterator<FileId> {
    for (const download of this.#downloads.values()) if (download.isUnfinished) yield download.file;
  }

  /** Something goes to or fro, or may as soon as a turn comes. */
  needs(peer: PeerId): boolean {
    if (this.#uploads.serves(peer) || (this.#sources.get(peer)?.requests.size ?? 0) > 0) return true;
    for (const line of [this.#small, this.#large])
      for (const download of line.active.keys())
        if (this.#view.sourcesOf(download.file).includes(peer)) return true;
    return false;
  }

  uploadedBytes(file: FileId): number {
    return this.#uploads.uploadedBytes(file);
  }

  // -- asking --------------------------------------------------------------------------------------------------------

  /** Ends every call: the refused are let go, turns are given, and whoever has room is asked for more. */
  #settle(now: Time, spoke?: Source): void {
    this.#giveAndAsk(now, spoke);
    this.#drain();
  }

  #drain(): void {
    for (const event of this.#events.splice(0)) this.#queue(event);
  }

  #giveAndAsk(now: Time, spoke?: Source): void {
    for (const peer of this.#condemned) this.#lose(peer);
    this.#condemned.clear();
    if (!this.#stirred) {
      if (spoke && this.#sources.has(spoke.peer)) this.#fill(spoke, now);
      return;
    }
    this.#stirred = false;
    this.#giveTurns(this.#small, now);
    this.#giveTurns(this.#large, now);
    for (const source of this.#sources.values()) {
      source.idle = false;
      this.#fill(source, now);
    }
    const busy = this.#small.active.size + this.#large.active.size > 0;
    this.#lookAt = busy ? (this.#lookAt ?? now + LOOK_EVERY_MS) : null;
  }

  #fill(source: Source, now: Time): void {
    while (!source.idle && source.hasRoom(now) && this.#isPaid(source, now))
      source.idle = !this.#askOne(source, now);
  }

  /** Whether the limits let something be asked for. [S18] */
  #isPaid({ bucket }: Source, now: Time): boolean {
    const freeAt = Math.max(this.#bucket.freeAt(now), bucket.freeAt(now));
    if (freeAt > now) this.#paceAt = Math.min(this.#paceAt ?? Infinity, freeAt);
    return freeAt <= now;
  }

  /** Earlier downloads first; a source that has nothing new for any of them helps another source. */
  #askOne(source: Source, now: Time): boolean {
    for (const line of [this.#small, this.#large])
      for (const download of line.active.keys()) if (download.ask(source, now)) return true;
    for (const line of [this.#small, this.#large])
      for (const download of line.active.keys()) if (download.help(source, now)) return true;
    return false;
  }

  #giveTurns(line: Line, now: Time): void {
    for (const download of line.active.keys()) if (!download.isActive) line.leave(download);
    while (line.active.size < line.limit) {
      const [next] = line.ready.size > 0 ? line.ready : line.hopeful;
      if (!next) return;
      const promised = line.ready.has(next);
      line.leave(next);
      if (!next.isWaiting) continue;
      if (promised && !next.hasSource()) {
        this.#lineUp(next);
        continue;
      }
      line.active.set(next, { sourcelessSince: null });
      next.start(now);
    }
  }

  #lineUp(download: Download): void {
    const line = this.#lineOf(download);
    if (!download.isWaiting || line.active.has(download)) return;
    if (download.hasSource()) {
      line.hopeful.delete(download);
      line.ready.add(download);
    } else {
      line.ready.delete(download);
      if (!download.isSmall && download.state === "waiting") line.hopeful.add(download);
    }
    this.#stirred = true;
  }

  #sourceMayBeNew(download: Download): void {
    if (!this.#lineOf(download).active.has(download)) return this.#lineUp(download);
    for (const source of this.#sourcesOf(download.file)) download.sourceUp(source, this.#now);
  }

  #look(now: Time): void {
    this.#lookAt = null;
    this.#stirred = true;
    for (const source of this.#sources.values()) {
      if (!source.isStalled(now)) continue;
      source.stalled(now);
      for (const request of source.requests.values()) this.#downloads.get(request.file)?.cancel(request);
    }
    for (const line of [this.#small, this.#large])
      for (const [download, turn] of line.active) {
        download.tick(now);
        turn.sourcelessSince = download.hasSource() ? null : (turn.sourcelessSince ?? now);
        if (turn.sourcelessSince === null || now - turn.sourcelessSince < SOURCELESS_TURN_MS) continue;
        if (line.ready.size + line.hopeful.size === 0) continue;
        download.stop();
        line.leave(download);
        this.#lineUp(download);
      }
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #block(source: Source, { id, bytes }: BlockFrame, now: Time): void {
    const request = source.requests.get(id);
    if (!request) return this.#refuse(source.peer, "unrequested-block");
    if (bytes.length > request.length - request.received) return this.#refuse(source.peer, "wrong-length");
    source.arrived(request, bytes.length, now);
    if (request.cancelled) request.received += bytes.length;
    else this.#downloads.get(request.file)?.block(request, bytes, now);
    if (request.received === request.length) source.answered(request);
  }

  #handed(file: FileId, from: PeerId): void {
    const download = this.#downloads.get(file);
    if (download) download.handed(from);
    else this.#emit({ type: "drop-file", file });
  }

  #handedChecked(file: FileId, layer: Uint8Array | null): void {
    const download = this.#downloads.get(file);
    if (!download) return;
    download.checked(layer);
    this.#lineUp(download);
  }

  #rejected(source: Source, { id, reason }: RejectFrame, now: Time): void {
    const request = source.requests.get(id);
    if (!request) return; // our cancel and the last byte have crossed
    source.answered(request);
    if (request.cancelled) return;
    request.cancelled = true;
    source.gaveUp(request);
    this.#downloads.get(request.file)?.rejected(source, request, reason, now);
  }

  #refuse(peer: PeerId, refusal: Refusal): void {
    if (isHostile(refusal)) this.#condemned.add(peer);
    this.#events.push({ type: "refuse", peer, refusal });
  }

  #emit(output: SwarmOutput): void {
    this.#events.push({ type: "output", output });
  }

  /** The peer is no source any more; what it was asked for is asked of others. */
  #lose(peer: PeerId): void {
    const source = this.#sources.get(peer);
    if (!source) return;
    this.#sources.delete(peer);
    for (const request of source.requests.values()) {
      if (request.cancelled) continue;
      request.cancelled = true;
      this.#downloads.get(request.file)?.release(request);
    }
    for (const download of this.#downloads.values()) download.sourceDown(source, this.#now);
    this.#stirred = true;
  }

  #sourcesOf(file: FileId): readonly Source[] {
    return this.#view.sourcesOf(file).flatMap((peer) => {
      const source = this.#condemned.has(peer) ? undefined : this.#sources.get(peer);
      return source ? [source] : [];
    });
  }

  #goodSources(): Source[] {
    return [...this.#sources.values()].filter(({ peer }) => !this.#condemned.has(peer));
  }

  #reserve(bytes: number): boolean {
    if (this.#heldBytes + bytes > MAX_HELD_BYTES) {
      this.#isFull = true;
      return false;
    }
    this.#heldBytes += bytes;
    return true;
  }

  #lineOf(download: Download): Line {
    return download.isSmall ? this.#small : this.#large;
  }

  #held(file: FileId): Held | null {
    const shared = this.#shared.get(file);
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
    const download = this.#withdrawn.has(file) ? undefined : this.#downloads.get(file);
    const verified = download?.verified;
    if (!download || !verified) return null;
    const { name, layer } = download;
    return {
      name,
      layer,
      isFull: verified.isFull,
      has: (piece) => verified.has(piece),
      bits: () => verified.toBytes(),
    };
  }
}
