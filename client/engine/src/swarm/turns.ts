/**
 * The order in which downloads are fetched. Small files and large ones wait in lines of their own, a fixed number of
 * each is fetched at a time, and a download without a source gives its turn to another.
 */
import { ASK_AGAIN, type DownloadEvent } from "./sources/event.ts";
import type { Download } from "./download/download.ts";
import type { Events } from "../base/events.ts";
import type { FileId } from "../names/file-id.ts";
import type { Source } from "./sources/source.ts";
import type { Time } from "../base/time.ts";

/** Files of several pieces fetched at a time: with more, all would only finish later. Guess. */
const LARGE_AT_ONCE = 6;
/** Files of one piece fetched at a time: enough to keep a link of 10 ms full of files of 16 KiB. Guess. */
const SMALL_AT_ONCE = 64;
/** A download without a source gives its turn to another after so long. */
const SOURCELESS_TURN_MS = 10_000;

export class Turns {
  readonly #events: Events<DownloadEvent>;
  readonly #small = new TurnLine(SMALL_AT_ONCE);
  readonly #large = new TurnLine(LARGE_AT_ONCE);
  /** In the order in which sources are asked for them. */
  readonly #lines: readonly TurnLine[] = [this.#small, this.#large];

  constructor(events: Events<DownloadEvent>) {
    this.#events = events;
  }

  // -- who has a turn ------------------------------------------------------------------------------------------------

  get isBusy(): boolean {
    return this.#small.active.size + this.#large.active.size > 0;
  }

  has(download: Download): boolean {
    return this.#lineOf(download).active.has(download);
  }

  *files(): IterableIterator<FileId> {
    for (const line of this.#lines) for (const { file } of line.active.keys()) yield file;
  }

  /** Puts a waiting download into the line, according to its sources. */
  lineUp(download: Download): void {
    const line = this.#lineOf(download);
    if (!download.isWaiting || line.active.has(download)) return;
    if (download.hasSource()) {
      line.hopeful.delete(download);
      line.ready.add(download);
    } else {
      line.ready.delete(download);
      if (!download.isSmall && download.state === "waiting") line.hopeful.add(download);
    }
    this.#events.push(ASK_AGAIN);
  }

  leave(download: Download): void {
    this.#lineOf(download).leave(download);
  }

  /** Starts the downloads whose turn it is now. */
  give(now: Time): void {
    for (const line of this.#lines) this.#give(line, now);
  }

  // -- those that have one -------------------------------------------------------------------------------------------

  /** Any linked peer may hold a piece of a large file. */
  sourceUp(source: Source, now: Time): void {
    for (const download of this.#large.active.keys()) download.sourceUp(source, now);
  }

  /** Asks for earlier downloads first; a source that has nothing new for any of them helps another source. */
  ask(source: Source, now: Time): boolean {
    for (const line of this.#lines)
      for (const { pieces } of line.active.keys()) if (pieces.ask(source, now)) return true;
    for (const line of this.#lines)
      for (const { pieces } of line.active.keys()) if (pieces.help(source, now)) return true;
    return false;
  }

  tick(now: Time): void {
    for (const line of this.#lines)
      for (const [download, turn] of line.active) {
        download.tick(now);
        turn.sourcelessSince = download.hasSource() ? null : (turn.sourcelessSince ?? now);
        if (turn.sourcelessSince === null || now - turn.sourcelessSince < SOURCELESS_TURN_MS) continue;
        if (line.ready.size + line.hopeful.size === 0) continue;
        download.stop();
        line.leave(download);
        this.lineUp(download);
      }
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #give(line: TurnLine, now: Time): void {
    for (const download of line.active.keys()) if (!download.isActive) line.leave(download);
    while (line.active.size < line.limit) {
      const [next] = line.ready.size > 0 ? line.ready : line.hopeful;
      if (!next) return;
      const promised = line.ready.has(next);
      line.leave(next);
      if (!next.isWaiting) continue;
      if (promised && !next.hasSource()) {
        this.lineUp(next);
        continue;
      }
      line.active.set(next, { sourcelessSince: null });
      next.start(now);
    }
  }

  #lineOf(download: Download): TurnLine {
    return download.isSmall ? this.#small : this.#large;
  }
}

/** Downloads of one size, in the order they have their turn. */
class TurnLine {
  readonly limit: number;
  readonly active = new Map<Download, { sourcelessSince: Time | null }>();
  /** Downloads with a source. */
  readonly ready = new Set<Download>();
  /** Downloads that nobody offers: linked peers may still hold pieces, and are asked when nothing is ready. */
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
