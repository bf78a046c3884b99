/**
 * The interface of downloading and serving, a pure state machine. Each call goes to the part that it is for, then every
 * source with room is asked for more, and then the queued events are handed on. PROTOCOL.md, "The swarm".
 */
import type { DownloadEvent } from "./sources/event.ts";
import { Downloads } from "./downloads.ts";
import type { DownloadView, UploadView } from "../io/view.ts";
import type { FileEntry } from "../names/library-entry.ts";
import type { FileId } from "../names/file-id.ts";
import type { Limits, LocalFile, PieceOrder, SwarmInput } from "../io/io.ts";
import type { PeerId } from "../names/peer-id.ts";
import { Served, type Downloaded } from "./upload/served.ts";
import type { Source } from "./sources/source.ts";
import type { SourcesView } from "./sources/sources.ts";
import type { SwarmFrame } from "../wire/frame.ts";
import { earliest, type Time } from "../base/time.ts";
import type { UploadEvent } from "./upload/event.ts";
import { Uploads } from "./upload/upload.ts";

/** The events that the engine gets. Two that downloads queue stay inside the swarm. */
export type SwarmEvent = Exclude<DownloadEvent, { type: "gained" | "ask-again" }> | UploadEvent;

/** The part of the engine that the swarm reads. */
export interface SwarmView extends SourcesView {
  /** [0, 1) */
  random(): number;
}

export class Swarm {
  readonly #queue: (event: SwarmEvent) => void;
  /** The events of the present call. */
  readonly #events: (DownloadEvent | UploadEvent)[] = [];
  readonly #downloads: Downloads;
  readonly #served: Served;
  readonly #uploads: Uploads;
  /** Finished downloads that left the list, and whose store the library serves from. */
  readonly #kept = new Set<FileId>();
  #now: Time = 0;

  /** `queue` gets the events of a call at its end, in order, and does not call back before that. */
  constructor(queue: (event: SwarmEvent) => void, view: SwarmView) {
    this.#queue = queue;
    this.#served = new Served(this.#events, { downloaded: (file) => this.#downloaded(file) });
    this.#uploads = new Uploads(this.#events, this.#served);
    this.#downloads = new Downloads(this.#events, {
      random: () => view.random(),
      sourcesOf: (file) => view.sourcesOf(file),
      isWanted: (file) => this.#uploads.isWanted(file),
    });
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** A proven link. */
  peerUp(peer: PeerId, now: Time): void {
    this.#now = now;
    this.#uploads.peerUp(peer);
    this.#downloads.peerUp(peer, now);
    this.#settle(now);
  }

  peerDown(peer: PeerId, now: Time): void {
    this.#now = now;
    this.#downloads.peerDown(peer, now);
    this.#uploads.peerDown(peer, now);
    this.#settle(now);
  }

  /** The catalog learned or lost a source of a file. */
  sourcesChanged(file: FileId, now: Time): void {
    if (!this.#downloads.of(file)) return;
    this.#now = now;
    this.#downloads.sourcesChanged(file, now);
    this.#settle(now);
  }

  /** Takes a decoded frame of a proven peer. */
  frame(peer: PeerId, frame: SwarmFrame, now: Time): void {
    this.#now = now;
    const source = this.#downloads.sourceOf(peer);
    if (!source) return;
    switch (frame.type) {
      case "interest":
        this.#uploads.interest(peer, frame.file, frame.wanted, now);
        break;
      case "layer-request":
        this.#uploads.layerRequest(peer, frame.file, frame.first, now);
        break;
      case "leaves-request":
        this.#uploads.leavesRequest(peer, frame.file, frame.piece, now);
        break;
      case "request":
        this.#uploads.request(peer, frame, now);
        break;
      case "cancel":
        this.#uploads.cancel(peer, frame.id, now);
        break;
      case "fetch-ended":
        this.#uploads.fetchEnded(peer, frame.file, frame.how);
        break;
      default:
        if (!this.#downloads.frame(source, frame, now)) return;
    }
    this.#settle(now, source);
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  /** Answers about a download or a link that is gone are dropped. */
  handle(input: SwarmInput, now: Time): void {
    this.#now = now;
    switch (input.type) {
      case "bytes-sent":
        this.#uploads.bytesSent(input.peer, input.id, input.bytes, now);
        return this.#drain();
      case "leaves-hashed":
        this.#uploads.leavesHashed(input.file, input.piece, input.leaves, now);
        break;
      case "read-failed":
        this.#uploads.readFailed(input.file, input.reason, now);
        break;
      case "file-hashed":
        return this.#downloads.handle(input, now);
      default:
        this.#downloads.handle(input, now);
    }
    this.#settle(now);
  }

  // -- the person: what is served ------------------------------------------------------------------------------------

  limit(limits: Limits, now: Time): void {
    this.#now = now;
    this.#downloads.limit(limits.downloadBytesPerSecond, limits.downloadPerPeerBytesPerSecond);
    this.#uploads.limit(limits.uploadBytesPerSecond, limits.uploadPerPeerBytesPerSecond, now);
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
    this.#served.unshare(file, this.#downloads.of(file) !== undefined);
    if (this.#kept.delete(file))
      this.#events.push({ type: "output", output: { type: "close-store", file, forget: true } });
    this.#uploads.withdrawn(file, this.#now);
    this.#drain();
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

  /** Takes a sent file off the list. */
  clearSent(to: PeerId, file: FileId): void {
    this.#uploads.clear(to, file);
  }

  /** The peer is gone; this was its name. */
  gone(peer: PeerId, name: string): void {
    this.#uploads.gone(peer, name);
  }

  // -- the person: what is fetched -----------------------------------------------------------------------------------

  /** `stored`: an earlier visit stored some of it here. A file that is here under another name is only saved. */
  download(file: FileId, name: string, now: Time, stored = false, folder = ""): void {
    const known = this.#downloads.of(file);
    known?.alsoAs({ name, folder });
    if (known) return this.resume(file, now);
    this.#now = now;
    this.#kept.delete(file);
    const here = this.#served.problemOf(file) ? null : this.#served.shared(file);
    this.#downloads.add(file, { name, folder }, here?.layer ?? null, stored);
    this.#settle(now);
  }

  order(file: FileId, order: PieceOrder): void {
    this.#downloads.of(file)?.order(order);
  }

  pause(file: FileId, now: Time): void {
    const download = this.#downloads.of(file);
    if (!download?.isUnfinished) return;
    this.#now = now;
    download.pause("person");
    this.#settle(now);
  }

  resume(file: FileId, now: Time): void {
    const download = this.#downloads.of(file);
    if (!download) return;
    this.#now = now;
    this.#downloads.resume(download);
    this.#settle(now);
  }

  /** Cancels a download and deletes its pieces. `entry`: only this name, if the file is wanted under others too. */
  cancel(file: FileId, now: Time, entry?: FileEntry): void {
    const download = this.#downloads.of(file);
    if (!download || (entry && download.names.remove(entry))) return;
    this.#now = now;
    this.#downloads.cancel(download);
    if (this.#served.forget(file)) this.#uploads.withdrawn(file, now);
    this.#settle(now);
  }

  /** The download leaves the list. If the library offers the file, it is served on from its store. */
  clear(file: FileId, now: Time, entry?: FileEntry): void {
    const download = this.#downloads.of(file);
    if (!this.#served.shared(file) || !download?.isWhole) return this.cancel(file, now, entry);
    if (entry && download.names.remove(entry)) return;
    this.#downloads.forget(download);
    this.#kept.add(file);
  }

  /** A complete download as files of the library, one for each name. */
  finished(file: FileId): LocalFile[] {
    const download = this.#downloads.of(file);
    if (!download?.isWhole) return [];
    return download.names.entries.map(({ name, folder }) => ({ file, name, folder, layer: download.layer }));
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    this.#now = now;
    this.#uploads.tick(now);
    this.#downloads.tick(now);
    this.#settle(now);
  }

  nextDeadline(): Time | null {
    return earliest(this.#uploads.nextDeadline(), this.#downloads.nextDeadline());
  }

  // -- what others read ----------------------------------------------------------------------------------------------

  downloads(now: Time): DownloadView[] {
    return this.#downloads.views(now);
  }

  uploads(now: Time): UploadView[] {
    return this.#uploads.views(now);
  }

  uploadedBytes(file: FileId): number {
    return this.#uploads.uploadedBytes(file);
  }

  lastNameOf(peer: PeerId): string {
    return this.#uploads.lastNameOf(peer);
  }

  /** Files that are to be fetched and are not whole, in the order they were asked for. */
  wanted(): IterableIterator<FileId> {
    return this.#downloads.wanted();
  }

  /** Whether a link to this peer is needed: bytes go in either direction, or may as soon as a turn comes. */
  needs(peer: PeerId): boolean {
    return this.#uploads.serves(peer) || this.#downloads.needs(peer);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  /** Ends a call: refused sources are removed, every source with room is asked for more, and events are handed on. */
  #settle(now: Time, spoke?: Source): void {
    this.#downloads.letRefusedGo(now);
    this.#drain();
    this.#downloads.ask(now, spoke);
    this.#drain();
  }

  /** Handles the queued events in order; events that follow from one come before the next. */
  #drain(): void {
    if (this.#events.length === 0) return;
    for (const event of this.#events.splice(0))
      switch (event.type) {
        case "ask-again":
          this.#downloads.mayAskAgain();
          break;
        case "gained":
          this.#uploads.gained(event.file, event.piece, this.#now);
          this.#drain();
          break;
        default:
          this.#queue(event);
      }
  }

  #downloaded(file: FileId): Downloaded | null {
    const download = this.#downloads.of(file);
    const verified = download?.verified;
    return download && verified ? { name: download.names.first, layer: download.layer, verified } : null;
  }
}
