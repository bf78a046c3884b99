/**
 * The door to downloading and serving: who is linked, what is fetched and served, and when to ask whom. A pure state
 * machine: every call ends by asking whoever has room for more, and then hands on what its parts queued. PROTOCOL.md,
 * "The swarm".
 */
import { Budget } from "./download/budget.ts";
import { Download } from "./download/download.ts";
import { ASK_AGAIN, type DownloadEvent } from "./download/event.ts";
import type { FileId } from "../names/file-id.ts";
import type { BlockFrame, RejectFrame, SwarmFrame } from "../wire/frame.ts";
import type { Limits, LocalFile, PieceOrder, SwarmInput, SwarmOutput } from "../io/io.ts";
import type { SwarmEffect } from "../io/swarm-effect.ts";
import type { Time } from "../base/time.ts";
import type { FileEntry } from "../names/library-entry.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Source } from "./download/source.ts";
import { Sources } from "./download/sources.ts";
import type { Supplies } from "./download/supplies.ts";
import { Turns } from "./turns.ts";
import { Served, type Downloaded } from "./upload/served.ts";
import type { UploadEvent } from "./upload/event.ts";
import { Uploads } from "./upload/upload.ts";
import type { DownloadView, UploadView } from "../io/view.ts";

/** How often stalls, silence and turns are looked at while anything is under way. */
const LOOK_EVERY_MS = 500;

export type SwarmEvent = SwarmEffect | UploadEvent;

/** What the swarm may read of the engine around it. */
export interface SwarmView {
  /** [0, 1) */
  random(): number;
  /** Linked peers whose catalog entry offers the file. */
  sourcesOf(file: FileId): readonly PeerId[];
}

export class Swarm {
  readonly #queue: (event: SwarmEvent) => void;
  readonly #view: SwarmView;
  /** Of the call that goes on. */
  readonly #events: (DownloadEvent | SwarmEvent)[] = [];
  readonly #sources: Sources;
  readonly #budget = new Budget();
  readonly #turns = new Turns(this.#events);
  readonly #supplies: Supplies;
  readonly #served: Served;
  readonly #uploads: Uploads;
  readonly #downloads = new Map<FileId, Download>();
  /** Finished downloads that left the list, and whose store the library serves from. */
  readonly #kept = new Set<FileId>();
  #perPeerBytesPerSecond: number | null = null;
  /** A limit lets something be asked for again. */
  #paceAt: Time | null = null;
  /** Something can be asked for that could not be asked for before. */
  #mayAskAgain = false;
  #lookAt: Time | null = null;
  #now: Time = 0;

  /** `queue` gets the events of a call at its end, in order. */
  constructor(queue: (event: SwarmEvent) => void, view: SwarmView) {
    this.#queue = queue;
    this.#view = view;
    this.#sources = new Sources(this.#events, view);
    this.#served = new Served(this.#events, { downloaded: (file) => this.#downloaded(file) });
    this.#uploads = new Uploads(this.#events, this.#served);
    this.#supplies = {
      events: this.#events,
      sources: this.#sources,
      budget: this.#budget,
      view: { random: () => view.random(), isWanted: (file) => this.#uploads.isWanted(file) },
    };
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** A proven link. */
  peerUp(peer: PeerId, now: Time): void {
    this.#now = now;
    const source = this.#sources.add(peer);
    source.bucket.limit(this.#perPeerBytesPerSecond);
    this.#uploads.peerUp(peer);
    this.#turns.sourceUp(source, now);
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
    if (!source) return; // refused as hostile, and its link about to close
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
        else this.#sources.refuse(peer, "unrequested-layer");
        break;
      }
      case "leaves-request":
        this.#uploads.leavesRequest(peer, frame.file, frame.piece, now);
        break;
      case "leaves": {
        const download = this.#downloads.get(frame.file);
        if (download) download.leavesFrame(source, frame.piece, frame.hashes, now);
        else this.#sources.refuse(peer, "unrequested-layer");
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
        this.#events.push(ASK_AGAIN); // others may be sooner now
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
        this.#downloads.get(input.file)?.pieces.corrupt(input.piece, input.leaves, now);
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
    this.#budget.limit(limits.downloadBytesPerSecond);
    this.#perPeerBytesPerSecond = limits.downloadPerPeerBytesPerSecond;
    for (const { bucket } of this.#sources) bucket.limit(this.#perPeerBytesPerSecond);
    this.#uploads.limit(limits.uploadBytesPerSecond, limits.uploadPerPeerBytesPerSecond, now);
    this.#events.push(ASK_AGAIN);
    this.#settle(now);
  }

  /** A complete local file that may be served. */
  share(file: LocalFile): void {
    this.#served.share(file);
    this.#uploads.offered(file.file);
    this.#drain();
  }

  /** The file is not served any more, whether it was shared or downloaded. */
  unshare(file: FileId): void {
    this.#served.unshare(file, this.#downloads.has(file));
    if (this.#kept.delete(file)) this.#emit({ type: "close-store", file, forget: true });
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
    const download = new Download(this.#supplies, file, { name, folder });
    this.#downloads.set(file, download);
    const shared = this.#served.shared(file);
    if (shared && !this.#served.problemOf(file)) download.isHere(shared.layer);
    else if (stored) download.recall();
    this.#turns.lineUp(download);
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
    this.#turns.lineUp(download);
    this.#settle(now);
  }

  /** What was stored is deleted. `entry`: unless the file is fetched by other names, too. */
  cancel(file: FileId, now: Time, entry?: FileEntry): void {
    const download = this.#downloads.get(file);
    if (!download || (entry && download.names.remove(entry))) return;
    this.#now = now;
    download.end();
    this.#turns.leave(download);
    this.#downloads.delete(file);
    if (this.#served.forget(file)) this.#uploads.withdrawn(file, now);
    this.#settle(now);
  }

  /** The download leaves the list. What the library offers is served on, from its store. */
  clear(file: FileId, now: Time, entry?: FileEntry): void {
    const download = this.#downloads.get(file);
    if (!this.#served.shared(file) || !download?.isWhole) return this.cancel(file, now, entry);
    if (entry && download.names.remove(entry)) return;
    this.#downloads.delete(file);
    this.#kept.add(file);
  }

  /** A complete download as files of the library, one for each name. */
  finished(file: FileId): LocalFile[] {
    const download = this.#downloads.get(file);
    if (!download?.isWhole) return [];
    return download.names.entries.map(({ name, folder }) => ({ file, name, folder, layer: download.layer }));
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    this.#now = now;
    this.#uploads.tick(now);
    if (this.#lookAt !== null && now >= this.#lookAt) this.#look(now);
    if (this.#paceAt !== null && now >= this.#paceAt) {
      this.#paceAt = null;
      this.#events.push(ASK_AGAIN);
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
    for (const file of this.#turns.files()) if (this.#view.sourcesOf(file).includes(peer)) return true;
    return false;
  }

  uploadedBytes(file: FileId): number {
    return this.#uploads.uploadedBytes(file);
  }

  // -- asking --------------------------------------------------------------------------------------------------------

  /** Ends every call: the refused are let go, turns are given, whoever has room is asked, and the events go on. */
  #settle(now: Time, spoke?: Source): void {
    for (const peer of this.#sources.refused()) this.#lose(peer);
    this.#drain();
    if (this.#mayAskAgain) this.#askAll(now);
    else if (spoke && this.#sources.get(spoke.peer) === spoke) this.#fill(spoke, now);
    this.#drain();
  }

  /** Carries on what was queued, in order; what follows from one event goes before the next. */
  #drain(): void {
    if (this.#events.length === 0) return;
    for (const event of this.#events.splice(0))
      switch (event.type) {
        case "ask-again":
          this.#mayAskAgain = true;
          break;
        case "gained":
          this.#uploads.gained(event.file, event.piece, this.#now);
          this.#drain();
          break;
        default:
          this.#queue(event);
      }
  }

  #askAll(now: Time): void {
    this.#mayAskAgain = false;
    this.#turns.give(now);
    for (const source of this.#sources) {
      source.idle = false;
      this.#fill(source, now);
    }
    this.#lookAt = this.#turns.isBusy ? (this.#lookAt ?? now + LOOK_EVERY_MS) : null;
  }

  #fill(source: Source, now: Time): void {
    while (!source.idle && source.hasRoom(now) && this.#isPaid(source, now))
      source.idle = !this.#turns.ask(source, now);
  }

  /** Whether the limits let something be asked for. [S18] */
  #isPaid(source: Source, now: Time): boolean {
    const freeAt = this.#budget.freeAt(source, now);
    if (freeAt > now) this.#paceAt = Math.min(this.#paceAt ?? Infinity, freeAt);
    return freeAt <= now;
  }

  #sourceMayBeNew(download: Download): void {
    if (!this.#turns.has(download)) return this.#turns.lineUp(download);
    for (const source of this.#sources.of(download.file)) download.sourceUp(source, this.#now);
  }

  #look(now: Time): void {
    this.#lookAt = null;
    this.#events.push(ASK_AGAIN);
    for (const source of this.#sources) {
      if (!source.isStalled(now)) continue;
      source.stalled(now);
      for (const request of source.requests.values())
        this.#downloads.get(request.file)?.pieces.cancel(request);
    }
    this.#turns.tick(now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #block(source: Source, { id, bytes }: BlockFrame, now: Time): void {
    const request = source.requests.get(id);
    if (!request) return this.#sources.refuse(source.peer, "unrequested-block");
    if (bytes.length > request.length - request.received)
      return this.#sources.refuse(source.peer, "wrong-length");
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
    this.#turns.lineUp(download);
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

  #emit(output: SwarmOutput): void {
    this.#events.push({ type: "output", output });
  }

  /** The peer is no source any more; what it was asked for is asked of others. */
  #lose(peer: PeerId): void {
    const source = this.#sources.get(peer);
    this.#sources.delete(peer);
    if (!source) return;
    for (const request of source.requests.values()) {
      if (request.cancelled) continue;
      request.cancelled = true;
      this.#downloads.get(request.file)?.pieces.release(request);
    }
    for (const download of this.#downloads.values()) download.peerDown(peer, this.#now);
    this.#events.push(ASK_AGAIN);
  }

  #downloaded(file: FileId): Downloaded | null {
    const download = this.#downloads.get(file);
    const verified = download?.verified;
    return download && verified ? { name: download.names.first, layer: download.layer, verified } : null;
  }
}
