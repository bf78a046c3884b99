/**
 * All links, attempts included: by number, by introduction, and, once proven, by peer, one for each.
 *
 * It does not know why a link comes or goes.
 */
import type { Address } from "@swapmeet/shared";
import type { Time } from "../base/time.ts";
import type { LinkId } from "../io/io.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Introduction } from "./introductions.ts";
import { deadlineOf, type Link, type Stage } from "./link.ts";

export class LinkTable {
  readonly #linkById = new Map<LinkId, Link>();
  readonly #linkByIntroduction = new Map<Introduction, Link>();
  readonly #linkByPeer = new Map<PeerId, Link>();
  /**
   * When the first beat of any link is due, or an earlier time, because frames on a link can only delay its beats.
   * Null: links came, went or moved on, so it is to be computed anew.
   */
  #nextBeat: Time | null = null;
  #nextId = 1;

  add(introduction: Introduction, isRelayed: boolean, now: Time): Link {
    const stage: Stage = { type: "introducing", since: now };
    const link: Link = {
      id: this.#nextId++,
      introduction,
      isRelayed,
      isReachable: false,
      route: "direct",
      stage,
    };
    this.#linkById.set(link.id, link);
    this.#linkByIntroduction.set(introduction, link);
    this.#nextBeat = null;
    return link;
  }

  moveOn(link: Link, stage: Stage): void {
    link.stage = stage;
    this.#nextBeat = null;
  }

  /** From now on it is the link of that peer. */
  assign(link: Link, peer: PeerId): void {
    this.#linkByPeer.set(peer, link);
  }

  /** @returns the peer that has lost its link, or null. */
  remove(link: Link): PeerId | null {
    this.#linkById.delete(link.id);
    this.#linkByIntroduction.delete(link.introduction);
    this.#nextBeat = null;
    const { peer } = link.introduction;
    return peer !== null && this.#linkByPeer.get(peer) === link && this.#linkByPeer.delete(peer)
      ? peer
      : null;
  }

  /** Attempts included. */
  get size(): number {
    return this.#linkById.size;
  }

  all(): IterableIterator<Link> {
    return this.#linkById.values();
  }

  has({ id }: Link): boolean {
    return this.#linkById.has(id);
  }

  get(id: LinkId): Link | undefined {
    return this.#linkById.get(id);
  }

  of(introduction: Introduction): Link | undefined {
    return this.#linkByIntroduction.get(introduction);
  }

  // -- those that are proven -------------------------------------------------------------------------------------

  get peerCount(): number {
    return this.#linkByPeer.size;
  }

  peers(): IterableIterator<PeerId> {
    return this.#linkByPeer.keys();
  }

  to(peer: PeerId): Link | undefined {
    return this.#linkByPeer.get(peer);
  }

  /** The proven link to this address. Links are few, so they are searched. */
  at(address: Address): Link | null {
    for (const link of this.#linkByPeer.values()) if (link.introduction.address === address) return link;
    return null;
  }

  /** The address of a peer with a direct link; null: it has none. */
  directAddressOf(peer: PeerId): Address | null {
    const link = this.#linkByPeer.get(peer);
    return link && !link.isRelayed ? link.introduction.address : null;
  }

  /** The peers with a direct link, and their addresses. */
  *friends(): IterableIterator<readonly [PeerId, Address]> {
    for (const [peer, { introduction, isRelayed }] of this.#linkByPeer)
      if (!isRelayed) yield [peer, introduction.address];
  }

  // -- their time ------------------------------------------------------------------------------------------------

  get nextBeat(): Time {
    this.#nextBeat ??= this.#firstBeat();
    return this.#nextBeat;
  }

  /** Beats may be earlier than was known. */
  lookAtBeats(): void {
    this.#nextBeat = null;
  }

  #firstBeat(): Time {
    let first = Infinity;
    for (const link of this.#linkById.values()) first = Math.min(first, deadlineOf(link));
    return first;
  }
}
