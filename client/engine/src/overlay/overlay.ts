/**
 * The overlay: a few neighbours for every peer, however large the room is, so that all of them together are one
 * connected graph. HyParView (Leitão, Pereira, Rodrigues: "HyParView: a membership protocol for reliable gossip-based
 * broadcast", 2007) on links that cost an introduction each. PROTOCOL.md, rules O1 to O9.
 *
 * Two linked peers become neighbours when one asks and the other accepts. The one that asked has chosen the other, and
 * the other was called. Some places are only for peers that we chose at random, so that callers cannot surround us.
 *
 * It knows nothing of what neighbours tell each other, except through `told`, `missed` and `brought`.
 */
import type { Address } from "@swapmeet/shared";
import { ActiveView } from "./active-view.ts";
import { Allowance } from "../base/allowance.ts";
import { BoundedSet } from "../base/bounded.ts";
import { MAX_SHUFFLE_CONTACTS, type Contact, type OverlayFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { QueueOfOverlay } from "./events.ts";
import { PassiveView } from "./passive-view.ts";
import { ACTIVE_TARGET, Seeking, type SeekingView } from "./seeking.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

const AFTER_FAILURE_MS = 1_000;
const AFTER_CALLED_MS = 10_000;
const AFTER_PARTING_MS = 60_000;
const SHUFFLE_EVERY_MS = 30_000;
const SHUFFLE_HOPS = 5;
/** The paper's ka and kp. */
const SHUFFLED_NEIGHBORS = 3;
const SHUFFLED_CONTACTS = MAX_SHUFFLE_CONTACTS - 1 - SHUFFLED_NEIGHBORS;
const SAMPLE_EVERY_MS = 60_000;
const SAMPLE_ALONE_EVERY_MS = 10_000;
/** With fewer contacts, the server is asked for more. Guess. */
const MIN_PASSIVE = 8;
const ROUND_EVERY_MS = 60_000;
/** This often, a peer may lose its place to another that has no neighbour. Guess. */
const EVICT_EVERY_MS = 5_000;
const MAX_EXPELLED_PER_ROUND = 2;
/** Peers that were expelled and stay so. As many as a room has members. */
const MAX_BANNED = 8_192;
/** An honest neighbour sends two a minute. Guess. */
const FRAMES_AT_ONCE = 32;
const FRAMES_PER_SECOND = 1;

interface Linked {
  readonly address: Address;
  readonly frames: Allowance;
}

export interface OverlayOptions {
  readonly me: PeerId;
  readonly address: Address;
  readonly queue: QueueOfOverlay;
  readonly view: Pick<SeekingView, "mayDial" | "connectionsLeft">;
  /** [0, 1) */
  random(): number;
}

export class Overlay {
  readonly #options: OverlayOptions;
  readonly #queue: QueueOfOverlay;
  readonly #linkByPeer = new Map<PeerId, Linked>();
  readonly #active: ActiveView;
  readonly #passive: PassiveView;
  readonly #seeking: Seeking;
  readonly #banned = new BoundedSet<PeerId>(MAX_BANNED);
  /** Null until another peer is known: alone there is nothing to do. */
  #due: { shuffleAt: Time; sampleAt: Time; roundAt: Time } | null = null;
  #mayEvictAt: Time = -Infinity;

  constructor(options: OverlayOptions) {
    this.#options = options;
    const { queue, view, random } = options;
    this.#queue = queue;
    this.#active = new ActiveView(random);
    this.#passive = new PassiveView(random);
    const viewOfSeeking: SeekingView = {
      mayDial: (address, now) => view.mayDial(address, now),
      connectionsLeft: () => view.connectionsLeft(),
      peerAt: (address) => this.#peerAt(address),
      isBanned: (peer) => this.#banned.has(peer),
    };
    this.#seeking = new Seeking(queue, viewOfSeeking, this.#active, this.#passive);
  }

  // -- what the engine tells -----------------------------------------------------------------------------------------

  /** The server sent a sample of the members. */
  members(addresses: readonly Address[], now: Time): void {
    this.#begin(now);
    for (const address of addresses) this.#learn(address, null, "server", now);
    this.#seek(now);
  }

  /** The server is back: peers that a cut separated from us may be reached again. [O7a] */
  serverBack(now: Time): void {
    this.#passive.wakeMissing(now);
    this.#seeking.maySwap(now);
    this.#seeking.swap(now);
    this.#seek(now);
  }

  linkUp(peer: PeerId, address: Address, now: Time): void {
    this.#begin(now);
    this.#linkByPeer.set(peer, { address, frames: new Allowance(FRAMES_AT_ONCE, FRAMES_PER_SECOND) });
    const call = this.#seeking.callOf(address);
    if (call || this.#passive.isMissing(address))
      this.#seeking.ask(peer, address, call?.isSwap ?? false, now);
    else {
      this.#learn(address, peer, "heard", now);
      // It called, and will ask if it wants to be a neighbour. If we asked, it would wrongly count as our choice.
      this.#passive.rest(address, AFTER_CALLED_MS, now);
    }
    this.#seek(now);
  }

  linkDown(peer: PeerId, now: Time): void {
    const link = this.#linkByPeer.get(peer);
    if (!link) return;
    this.#linkByPeer.delete(peer);
    if (this.#seeking.callOf(link.address)?.asked === peer) this.#seeking.failed(link.address, now);
    if (this.#active.has(peer)) {
      // Only the side that chose calls again. Otherwise a caller could become our choice by breaking its link.
      const { chosen } = this.#active.delete(peer);
      if (!this.#banned.has(peer)) this.#passive.add(link.address, peer, "met", now, chosen);
      this.#passive.rest(link.address, chosen ? AFTER_FAILURE_MS : AFTER_CALLED_MS, now);
      if (this.#due && this.#active.size === 0)
        this.#due.sampleAt = Math.min(this.#due.sampleAt, now + AFTER_FAILURE_MS);
      this.#queue({ type: "neighbor-down", peer });
    }
    this.#seek(now);
  }

  dialFailed(address: Address, now: Time): void {
    if (this.#seeking.callOf(address)?.asked === null) this.#seeking.failed(address, now);
    this.#seek(now);
  }

  /** A call that was asked for could not begin. */
  notDialled(address: Address, now: Time): void {
    this.#seeking.notDialled(address, now);
    this.#seek(now);
  }

  /** After a sleep, calls, rests and the next sample are due as if the device had been awake. */
  woke(sleptMs: number): void {
    this.#seeking.woke(sleptMs);
    this.#passive.passed(sleptMs);
    if (this.#due) this.#due.sampleAt -= sleptMs;
  }

  /** The peer at this address is gone. */
  forget(address: Address): void {
    this.#passive.remove(address);
  }

  /** This neighbour told of news that was kept from it as a probe: it is part of the room. [O8] */
  told(peer: PeerId): void {
    this.#active.probed(peer, true);
  }

  missed(peer: PeerId): void {
    this.#active.probed(peer, false);
  }

  /** It was the first to bring news of another author: so it keeps its place longer than one that never did. [O3] */
  brought(peer: PeerId): void {
    this.#active.brought(peer);
  }

  frame(peer: PeerId, frame: OverlayFrame, now: Time): void {
    const link = this.#linkByPeer.get(peer);
    if (!link) return;
    if (!link.frames.spend(1, now)) return this.#passOver(peer, "too-many-requests");
    switch (frame.type) {
      case "neighbor":
        return this.#asked(peer, link.address, frame.urgent, now);
      case "neighbor-answer":
        return this.#answered(peer, link.address, frame.accepted, now);
      case "disconnect":
        if (!this.#active.has(peer)) return;
        this.#part(peer, now);
        return this.#seek(now);
      case "shuffle":
        return this.#walk(peer, frame.contacts, frame.hops, now);
      case "shuffle-reply":
        if (!this.#active.has(peer)) return; // parted meanwhile
        if (!this.#active.shuffleAnswered(peer)) return this.#passOver(peer, "bad-request");
        return this.#heard(frame.contacts, now);
    }
  }

  isNeighbor(peer: PeerId): boolean {
    return this.#active.has(peer);
  }

  neighbors(): IterableIterator<PeerId> {
    return this.#active.peers();
  }

  get neighborCount(): number {
    return this.#active.size;
  }

  passive(): Iterable<Address> {
    return [...this.#passive.contacts()].map(({ address }) => address);
  }

  tick(now: Time): void {
    if (!this.#due) return;
    this.#seeking.tick(now);
    if (now >= this.#due.shuffleAt) {
      this.#due.shuffleAt = now + SHUFFLE_EVERY_MS;
      this.#shuffle();
    }
    if (now >= this.#due.roundAt) {
      this.#due.roundAt = now + ROUND_EVERY_MS;
      this.#expel(now);
      this.#seeking.swap(now);
    }
    if (now >= this.#due.sampleAt) {
      const alone = this.#active.size === 0;
      this.#due.sampleAt = now + (alone ? SAMPLE_ALONE_EVERY_MS : SAMPLE_EVERY_MS);
      if (this.#seeking.lacking > 0 || this.#passive.size < MIN_PASSIVE)
        this.#queue({ type: "output", output: { type: "sample-members" } });
    }
    this.#seek(now);
  }

  nextDeadline(): Time | null {
    if (!this.#due) return null;
    const { shuffleAt, sampleAt, roundAt } = this.#due;
    return Math.min(shuffleAt, sampleAt, roundAt, this.#seeking.nextDeadline());
  }

  /** Nothing more is called or sent. */
  close(): void {
    this.#due = null;
    this.#linkByPeer.clear();
    this.#active.clear();
    this.#seeking.close();
  }

  // -- looking for neighbours ----------------------------------------------------------------------------------------

  #begin(now: Time): void {
    // Peers that came together do not act in step.
    const phase = this.#options.random();
    this.#due ??= {
      shuffleAt: now + SHUFFLE_EVERY_MS * phase,
      sampleAt: now + SAMPLE_ALONE_EVERY_MS * (1 + phase),
      roundAt: now + ROUND_EVERY_MS * (1 + phase),
    };
  }

  #seek(now: Time): void {
    if (this.#due) this.#seeking.seek(now);
  }

  #answered(peer: PeerId, address: Address, accepted: boolean, now: Time): void {
    const call = this.#seeking.callOf(address);
    if (call?.asked !== peer) {
      // The answer came too late, and the peer believes that it is a neighbour. If both asked, it is one.
      if (accepted && !this.#active.has(peer)) this.#send(peer, { type: "disconnect" });
      return;
    }
    if (!accepted) this.#seeking.refused(address, now);
    else {
      this.#seeking.accepted(address);
      this.#up(peer, address, true, call.isSwap, now);
    }
    this.#seek(now);
  }

  /** Somebody asks to be a neighbour. [O3] */
  #asked(peer: PeerId, address: Address, urgent: boolean, now: Time): void {
    const answer = (accepted: boolean) => this.#send(peer, { type: "neighbor-answer", accepted });
    if (this.#banned.has(peer)) return answer(false);
    if (this.#active.has(peer)) return answer(true);
    const call = this.#seeking.callOf(address);
    if (call?.asked === peer) {
      // Both asked: both chose.
      this.#seeking.accepted(address);
      answer(true);
      this.#up(peer, address, true, call.isSwap, now);
      return this.#seek(now);
    }
    if (!this.#hasRoom() && !this.#makeRoomFor(urgent, now)) return answer(false);
    answer(true);
    this.#up(peer, address, false, false, now);
  }

  #hasRoom(): boolean {
    const { max, calledMax } = this.#seeking.aim;
    return this.#seeking.taken < max && this.#active.called < calledMax;
  }

  /** Frees the place of the least useful caller: if it passes nothing on, or now and then for an urgent asker. */
  #makeRoomFor(urgent: boolean, now: Time): boolean {
    const least = this.#active.leastUsefulCaller();
    if (!least) return false;
    if (!this.#active.isSwallower(least)) {
      if (now < this.#mayEvictAt || !(urgent || this.#active.size > ACTIVE_TARGET)) return false;
      this.#mayEvictAt = now + EVICT_EVERY_MS;
    }
    this.#dismiss(least, now);
    return true;
  }

  #up(peer: PeerId, address: Address, chosen: boolean, isSwap: boolean, now: Time): void {
    const { target, max } = this.#seeking.aim;
    const enough = isSwap ? target : max;
    if (this.#active.size >= enough) {
      const other = this.#active.random(null);
      if (other) this.#dismiss(other, now);
    }
    this.#passive.joined(address);
    this.#active.add(peer, address, chosen);
    this.#queue({ type: "neighbor-up", peer });
  }

  #dismiss(peer: PeerId, now: Time): void {
    this.#send(peer, { type: "disconnect" });
    this.#part(peer, now);
  }

  /** Two peers are no longer neighbours because one of them said so: the other may be chosen again later. */
  #part(peer: PeerId, now: Time): void {
    const { address } = this.#active.delete(peer);
    if (!this.#banned.has(peer)) this.#passive.add(address, peer, "met", now);
    this.#passive.rest(address, AFTER_PARTING_MS, now);
    this.#queue({ type: "neighbor-down", peer });
  }

  // -- keeping the graph random and honest ---------------------------------------------------------------------------

  /** Parts for good with neighbours that take news and never pass it on. [O8] */
  #expel(now: Time): void {
    for (const peer of this.#active.swallowers(MAX_EXPELLED_PER_ROUND)) {
      this.#banned.add(peer);
      this.#dismiss(peer, now);
    }
  }

  #shuffle(): void {
    const to = this.#active.random(null);
    if (!to) return;
    const me: Contact = { peer: this.#options.me, address: this.#options.address };
    this.#hand(to, [me, ...this.#someContacts()], SHUFFLE_HOPS - 1);
  }

  /** A step of a shuffle's walk, or its end: there the peer that handed it over gets some contacts in return. [O5] */
  #walk(from: PeerId, contacts: readonly Contact[], hops: number, now: Time): void {
    if (!this.#active.has(from)) return; // parted meanwhile
    const next = hops > 0 ? this.#active.random(from) : null;
    if (next) return this.#hand(next, contacts, Math.min(hops, SHUFFLE_HOPS) - 1);
    this.#send(from, { type: "shuffle-reply", contacts: this.#someContacts() });
    this.#heard(contacts, now);
  }

  #hand(to: PeerId, contacts: readonly Contact[], hops: number): void {
    this.#active.shuffleHanded(to);
    this.#send(to, { type: "shuffle", contacts, hops });
  }

  /** Some neighbours, and some contacts that were linked before: hearsay is not passed on. [O4] */
  #someContacts(): Contact[] {
    return [...this.#active.sample(SHUFFLED_NEIGHBORS), ...this.#passive.sample(SHUFFLED_CONTACTS)];
  }

  #heard(contacts: readonly Contact[], now: Time): void {
    for (const { peer, address } of contacts) this.#learn(address, peer, "heard", now);
    this.#seek(now);
  }

  #learn(address: Address, named: PeerId | null, origin: "server" | "heard", now: Time): void {
    if (address === this.#options.address || named === this.#options.me) return;
    const peer = this.#peerAt(address) ?? named;
    if (peer && (this.#banned.has(peer) || this.#active.has(peer))) return;
    this.#passive.add(address, peer, origin, now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #send(to: PeerId, frame: OverlayFrame): void {
    this.#queue({ type: "send", to, frame });
  }

  /** Counts a refusal without blame: the neighbour passes on frames that others began. [W3b] */
  #passOver(peer: PeerId, refusal: Refusal): void {
    this.#queue({ type: "pass-over", peer, refusal });
  }

  /** The peer that is linked at the address. Links are few. */
  #peerAt(address: Address): PeerId | null {
    for (const [peer, link] of this.#linkByPeer) if (link.address === address) return peer;
    return null;
  }
}
