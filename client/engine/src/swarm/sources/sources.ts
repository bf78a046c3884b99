/**
 * The linked peers as sources. A peer that was refused as hostile is not in good standing any more: it is not asked for
 * anything, and is removed when the call that refused it ends.
 */
import type { DownloadEvent } from "./event.ts";
import type { Events } from "../../base/events.ts";
import type { FileId } from "../../names/file-id.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { isHostile, type Refusal } from "../../names/refusal.ts";
import { Source } from "./source.ts";

export interface SourcesView {
  /** Linked peers whose catalog entry offers the file. */
  sourcesOf(file: FileId): readonly PeerId[];
}

export class Sources implements Iterable<Source> {
  readonly #events: Events<DownloadEvent>;
  readonly #view: SourcesView;
  readonly #sourceByPeer = new Map<PeerId, Source>();
  readonly #refused = new Set<PeerId>();
  #nextRequestId = 1;

  constructor(events: Events<DownloadEvent>, view: SourcesView) {
    this.#events = events;
    this.#view = view;
  }

  add(peer: PeerId): Source {
    const source = new Source(peer);
    this.#sourceByPeer.set(peer, source);
    return source;
  }

  delete(peer: PeerId): void {
    this.#sourceByPeer.delete(peer);
    this.#refused.delete(peer);
  }

  get(peer: PeerId): Source | undefined {
    return this.#sourceByPeer.get(peer);
  }

  /** All sources, also those that were refused. */
  [Symbol.iterator](): IterableIterator<Source> {
    return this.#sourceByPeer.values();
  }

  inGoodStanding(): Source[] {
    return [...this].filter(({ peer }) => !this.#refused.has(peer));
  }

  /** The sources in good standing that offer the file. */
  of(file: FileId): Source[] {
    return this.#view.sourcesOf(file).flatMap((peer) => {
      const source = this.#refused.has(peer) ? undefined : this.#sourceByPeer.get(peer);
      return source ? [source] : [];
    });
  }

  refuse(peer: PeerId, refusal: Refusal): void {
    if (isHostile(refusal)) this.#refused.add(peer);
    this.#events.push({ type: "refuse", peer, refusal });
  }

  /** The peers that are to be removed. */
  refused(): PeerId[] {
    return this.#refused.size > 0 ? [...this.#refused] : NONE;
  }

  /** The ids are counted over all links, so that none is used twice on a link. */
  nextRequestId(): number {
    return this.#nextRequestId++;
  }
}

const NONE: PeerId[] = [];
