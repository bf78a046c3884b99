/**
 * All downloads and their sources: it takes frames of peers and inputs of the host, and decides when a source is asked
 * for more. PROTOCOL.md, "The swarm".
 *
 * It does not know what is served.
 */
import { ASK_AGAIN, type DownloadEvent } from "./sources/event.ts";
import type { BlockFrame, RejectFrame, SwarmFrame } from "../wire/frame.ts";
import { Budget } from "./sources/budget.ts";
import { Download } from "./download/download.ts";
import type { DownloadView } from "../io/view.ts";
import type { Events } from "../base/events.ts";
import type { FileEntry } from "../names/library-entry.ts";
import type { FileId } from "../names/file-id.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Source } from "./sources/source.ts";
import { Sources, type SourcesView } from "./sources/sources.ts";
import type { DownloadsView, Supplies } from "./sources/supplies.ts";
import type { SwarmInput } from "../io/io.ts";
import { earliest, type Time } from "../base/time.ts";
import { Turns } from "./turns.ts";

/** How often stalls, silence and turns are looked at while anything is under way. */
const LOOK_EVERY_MS = 500;

/** Frames of a peer that we fetch from. */
export type SourceFrame = Extract<
  SwarmFrame,
  { type: "bitfield" | "have" | "layer" | "leaves" | "block" | "reject" | "queue" | "withheld" }
>;

/** Inputs of the host that are about downloads. */
export type DownloadInput = Exclude<SwarmInput, { type: "leaves-hashed" | "bytes-sent" | "read-failed" }>;

export class Downloads {
  readonly #events: Events<DownloadEvent>;
  readonly #view: SourcesView;
  readonly #sources: Sources;
  readonly #budget = new Budget();
  readonly #supplies: Supplies;
  readonly #turns: Turns;
  readonly #downloadByFile = new Map<FileId, Download>();
  #perPeerBytesPerSecond: number | null = null;
  /** When a limit lets something be asked for again. */
  #paceAt: Time | null = null;
  #lookAt: Time | null = null;
  /** Whether something new can be asked for. */
  #mayAskAgain = false;

  constructor(events: Events<DownloadEvent>, view: DownloadsView & SourcesView) {
    this.#events = events;
    this.#view = view;
    this.#sources = new Sources(events, view);
    this.#supplies = { events, sources: this.#sources, budget: this.#budget, view };
    this.#turns = new Turns(events);
  }

  of(file: FileId): Download | undefined {
    return this.#downloadByFile.get(file);
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  peerUp(peer: PeerId, now: Time): void {
    const source = this.#sources.add(peer);
    source.pace.limit(this.#perPeerBytesPerSecond);
    this.#turns.sourceUp(source, now);
    for (const download of this.#downloadByFile.values()) this.#sourceMayBeNew(download, now);
  }

  /** The peer is no source any more: other sources are asked for the bytes that it owes. */
  peerDown(peer: PeerId, now: Time): void {
    const source = this.#sources.get(peer);
    this.#sources.delete(peer);
    if (!source) return;
    for (const request of source.requests.values()) {
      if (request.cancelled) continue;
      request.cancelled = true;
      this.of(request.file)?.pieces.release(request);
    }
    for (const download of this.#downloadByFile.values()) download.peerDown(peer, now);
    this.#events.push(ASK_AGAIN);
  }

  /** The catalog learned or lost a source of a file. */
  sourcesChanged(file: FileId, now: Time): void {
    const download = this.of(file);
    if (download) this.#sourceMayBeNew(download, now);
  }

  /** Undefined when it is not linked, or was refused as hostile, and its link is about to close. */
  sourceOf(peer: PeerId): Source | undefined {
    return this.#sources.get(peer);
  }

  /** Takes a frame. False: it is about a file that is not fetched here, or not any more. */
  frame(source: Source, frame: SourceFrame, now: Time): boolean {
    switch (frame.type) {
      case "block":
        this.#block(source, frame, now);
        return true;
      case "reject":
        this.#rejected(source, frame, now);
        return true;
      case "queue":
        if (source.place === frame.position) return false;
        source.place = frame.position;
        this.#events.push(ASK_AGAIN); // others may be sooner now
        return true;
      default:
        return this.#told(source, frame, now);
    }
  }

  #told(
    source: Source,
    frame: Exclude<SourceFrame, { type: "block" | "reject" | "queue" }>,
    now: Time,
  ): boolean {
    const download = this.of(frame.file);
    switch (frame.type) {
      case "bitfield":
        download?.bitfield(source, frame.bits, now);
        break;
      case "have":
        download?.have(source, frame.pieces, now);
        break;
      case "withheld":
        download?.withheld(source, frame.withheld, now);
        if (download && !frame.withheld) this.#sourceMayBeNew(download, now);
        break;
      case "layer":
        if (!download) this.#sources.refuse(source.peer, "unrequested-layer");
        download?.layerFrame(source, frame.first, frame.hashes, now);
        return true;
      case "leaves":
        if (!download) this.#sources.refuse(source.peer, "unrequested-layer");
        download?.leavesFrame(source, frame.piece, frame.hashes, now);
        return true;
    }
    return download !== undefined;
  }

  #block(source: Source, { id, bytes }: BlockFrame, now: Time): void {
    const request = source.requests.get(id);
    if (!request) return this.#sources.refuse(source.peer, "unrequested-block");
    if (bytes.length > request.length - request.received)
      return this.#sources.refuse(source.peer, "wrong-length");
    source.arrived(request, bytes.length, now);
    if (request.cancelled) request.received += bytes.length;
    else this.of(request.file)?.block(request, bytes, now);
    if (request.received === request.length) source.answered(request);
  }

  #rejected(source: Source, { id, reason }: RejectFrame, now: Time): void {
    const request = source.requests.get(id);
    if (!request) return; // our cancel and the last byte have crossed
    source.answered(request);
    if (request.cancelled) return;
    request.cancelled = true;
    source.gaveUp(request);
    this.of(request.file)?.rejected(source, request, reason, now);
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  /** Answers about a download that is gone are dropped. */
  handle(input: DownloadInput, now: Time): void {
    const download = this.of(input.file);
    switch (input.type) {
      case "store-opened": {
        const { have, layer = new Uint8Array(0), missingBytes = 0 } = input;
        download?.storeOpened(have, layer, now);
        if (missingBytes > 0) download?.storeFailed({ kind: "full", missingBytes });
        return;
      }
      case "store-failed":
        return download?.storeFailed(input.reason);
      case "piece-stored":
        return download?.pieceStored(input.piece);
      case "piece-corrupt":
        return download?.pieces.corrupt(input.piece, input.leaves, now);
      case "file-saved":
        return download?.saved(input.entries);
      case "file-kept":
        return download?.kept();
      case "save-failed":
        return download?.saveFailed(input.reason, input.entries);
      case "file-handed":
        if (download) return download.handed(input.from);
        this.#events.push({ type: "output", output: { type: "drop-file", file: input.file } });
        return;
      case "file-hashed":
        return download?.hashed(input.bytes);
      case "file-checked":
        if (!download) return;
        download.checked(input.layer);
        return this.#turns.lineUp(download);
    }
  }

  // -- the person ----------------------------------------------------------------------------------------------------

  /** Sets the limits over all sources, and for each; null for no limit. [S18] */
  limit(bytesPerSecond: number | null, perPeerBytesPerSecond: number | null): void {
    this.#budget.limit(bytesPerSecond);
    this.#perPeerBytesPerSecond = perPeerBytesPerSecond;
    for (const { pace } of this.#sources) pace.limit(perPeerBytesPerSecond);
    this.#events.push(ASK_AGAIN);
  }

  /** `hereLayer`: the whole file is on this device, with this layer. `stored`: an earlier visit stored some of it. */
  add(file: FileId, entry: FileEntry, hereLayer: Uint8Array | null, stored: boolean): void {
    const download = new Download(this.#supplies, file, entry);
    this.#downloadByFile.set(file, download);
    if (hereLayer) download.isHere(hereLayer);
    else if (stored) download.recall();
    this.#turns.lineUp(download);
  }

  resume(download: Download): void {
    download.resume();
    this.#turns.lineUp(download);
  }

  /** Ends a download and deletes its stored pieces. */
  cancel(download: Download): void {
    download.end();
    this.#turns.leave(download);
    this.#downloadByFile.delete(download.file);
  }

  /** Takes a download off the list; its store stays. */
  forget(download: Download): void {
    this.#downloadByFile.delete(download.file);
  }

  // -- asking --------------------------------------------------------------------------------------------------------

  /** Something new can be asked for. */
  mayAskAgain(): void {
    this.#mayAskAgain = true;
  }

  /** Removes the sources that were refused as hostile. */
  letRefusedGo(now: Time): void {
    for (const peer of this.#sources.refused()) this.peerDown(peer, now);
  }

  /** Gives turns, and asks every source that has room for more; if nothing is new, only the source that `spoke`. */
  ask(now: Time, spoke?: Source): void {
    if (this.#mayAskAgain) this.#askAll(now);
    else if (spoke && this.#sources.get(spoke.peer)) this.#fill(spoke, now);
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

  #sourceMayBeNew(download: Download, now: Time): void {
    if (!this.#turns.has(download)) return this.#turns.lineUp(download);
    for (const source of this.#sources.of(download.file)) download.sourceUp(source, now);
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    if (this.#lookAt !== null && now >= this.#lookAt) this.#look(now);
    if (this.#paceAt !== null && now >= this.#paceAt) {
      this.#paceAt = null;
      this.#events.push(ASK_AGAIN);
    }
  }

  nextDeadline(): Time | null {
    return earliest(this.#lookAt, this.#paceAt);
  }

  #look(now: Time): void {
    this.#lookAt = null;
    this.#events.push(ASK_AGAIN);
    for (const source of this.#sources) {
      if (!source.isStalled(now)) continue;
      source.stalled(now);
      for (const request of source.requests.values()) this.of(request.file)?.pieces.cancel(request);
    }
    this.#turns.tick(now);
  }

  // -- what is to be seen --------------------------------------------------------------------------------------------

  views(now: Time): DownloadView[] {
    return [...this.#downloadByFile.values()].flatMap((download) => download.views(now));
  }

  /** Files that are to be fetched and are not whole, in the order they were asked for. */
  *wanted(): IterableIterator<FileId> {
    for (const download of this.#downloadByFile.values()) if (download.isUnfinished) yield download.file;
  }

  /** Whether this peer sends us bytes, or may do so for a download that has its turn. */
  needs(peer: PeerId): boolean {
    if ((this.#sources.get(peer)?.requests.size ?? 0) > 0) return true;
    for (const file of this.#turns.files()) if (this.#view.sourcesOf(file).includes(peer)) return true;
    return false;
  }
}
