/**
 * The overlay: a few neighbours for every peer, however large the room is, so that all of them together are one
 * connected graph. HyParView (Leitão, Pereira, Rodrigues: "HyParView: a membership protocol for reliable gossip-based
 * broadcast", 2007) on links that cost an introduction each. PROTOCOL.md, rules O1 to O9.
 *
 * A neighbour is a linked peer that both sides agreed on. Who asked chose, who accepted was called: a part of the places
 * is only for those we chose at random, so that strangers who call cannot surround us.
 *
 * Knows nothing of what neighbours tell each other; `told` and `missed` are all it hears of it.
 */
import type { Address } from "@swapmeet/shared";
import { ActiveView } from "./active-view.ts";
import { Allowance } from "../base/allowance.ts";
import { BoundedSet } from "../base/bounded.ts";
import type { ConnectionsLeft } from "../links/call-budget.ts";
import { MAX_SHUFFLE_CONTACTS, type Contact, type OverlayFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import { PassiveView } from "./passive-view.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

/** The paper has log10(n) + 1 = 5 for 10,000; one more, for tabs die more often than its nodes. */
const ACTIVE_TARGET = 6;
export const ACTIVE_MAX = 8;

/** How many neighbours to have. */
interface Aim {
  readonly target: number;
  readonly max: number;
  /** Neighbours that called us; of the others, that we chose, there are to be as many as are left, whoever called. */
  readonly calledMax: number;
  /** Until there are so many, lost choices are called again though there are neighbours enough. */
  readonly recalledMax: number;
}

/**
 * Whoever loses all links again and again, as a phone that is locked does, pays each time for all of them: the more
 * connections are spent, the fewer neighbours. With 3 each, a room is still one graph. There are more places for
 * callers than each has calls to make: else the last ones would be sought in vain. Guess.
 */
const AIMS: Readonly<Record<ConnectionsLeft, Aim>> = {
  plenty: { target: ACTIVE_TARGET, max: ACTIVE_MAX, calledMax: 5, recalledMax: ACTIVE_MAX },
  half: { target: 3, max: 5, calledMax: 3, recalledMax: 3 },
  few: { target: 2, max: 3, calledMax: 2, recalledMax: 2 },
};
const MAX_CALLS = 3;
/** Links report every call's end within 30 s: this is for one that was overtaken by another. */
const CALL_MS = 40_000;
const ANSWER_MS = 10_000;
/** New connections: a first crowd, and then few, so that nobody can use up the tab's 500. Guess. */
const DIALS_AT_ONCE = 40;
const DIALS_PER_SECOND = 1 / 60;
/** Beyond them, while there is no neighbour at all: a device that wakes does not wait a minute for the first. Guess. */
const LONELY_DIALS_AT_ONCE = 6;
const LONELY_DIALS_PER_SECOND = 1 / 30;
const AFTER_FAILURE_MS = 1_000;
const AFTER_REFUSAL_MS = 30_000;
const AFTER_CALLED_MS = 10_000;
const AFTER_PARTING_MS = 60_000;
/** The links would not call it now: they are calling it already, or rest from it. */
const AFTER_NO_DIAL_MS = 5_000;
const SHUFFLE_EVERY_MS = 30_000;
const SHUFFLE_HOPS = 5;
/** The paper's ka and kp. */
const SHUFFLED_NEIGHBORS = 3;
const SHUFFLED_CONTACTS = MAX_SHUFFLE_CONTACTS - 1 - SHUFFLED_NEIGHBORS;
const SAMPLE_EVERY_MS = 60_000;
const SAMPLE_ALONE_EVERY_MS = 10_000;
/** With fewer the server is asked for more. Guess. */
const MIN_PASSIVE = 8;
const ROUND_EVERY_MS = 60_000;
/** After so many swaps they come half as often: about 13 in the first hour, 42 in eight. Guess. */
const SWAPS_UNTIL_HALF = 2;
/** Somebody without any neighbour may take another's place so often. Guess. */
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

interface Call {
  /** Null: the link is being made. Else it was asked, and has not answered. */
  asked: PeerId | null;
  readonly swap: boolean;
  until: Time;
}

export interface OverlayContext {
  readonly me: PeerId;
  readonly address: Address;
  send(peer: PeerId, frame: OverlayFrame): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  /** Begins an introduction. False: not now (no budget, one is under way, or it failed a moment ago). */
  dial(address: Address, now: Time): boolean;
  connectionsLeft(): ConnectionsLeft;
  neighborUp(peer: PeerId, now: Time): void;
  neighborDown(peer: PeerId, now: Time): void;
  /** Ask the server for members. */
  sample(): void;
  /** [0, 1) */
  random(): number;
}

export class Overlay {
  readonly #context: OverlayContext;
  readonly #linkByPeer = new Map<PeerId, Linked>();
  readonly #active: ActiveView;
  readonly #passive: PassiveView;
  readonly #callByAddress = new Map<Address, Call>();
  readonly #banned = new BoundedSet<PeerId>(MAX_BANNED);
  readonly #dials = new Allowance(DIALS_AT_ONCE, DIALS_PER_SECOND);
  readonly #lonelyDials = new Allowance(LONELY_DIALS_AT_ONCE, LONELY_DIALS_PER_SECOND);
  /** Null until anybody is known: alone there is nothing to do. */
  #due: { shuffleAt: Time; sampleAt: Time; roundAt: Time } | null = null;
  #seekAt: Time | null = null;
  #swapAt: Time = 0;
  #swaps = 0;
  #mayEvictAt: Time = -Infinity;

  constructor(context: OverlayContext) {
    this.#context = context;
    this.#active = new ActiveView(() => context.random());
    this.#passive = new PassiveView(() => context.random());
  }

  // -- what the engine tells -----------------------------------------------------------------------------------------

  /** A sample of the server's. */
  members(addresses: readonly Address[], now: Time): void {
    this.#begin(now);
    for (const address of addresses) this.#learn(address, null, "server", now);
    this.#seek(now);
  }

  /** The server is back: whoever a cut kept from it and from others may be reached now. [O7] */
  serverBack(now: Time): void {
    this.#passive.wakeMissing(now);
    this.#swapAt = Math.min(this.#swapAt, now);
    this.#swap(now);
    this.#seek(now);
  }

  linkUp(peer: PeerId, address: Address, now: Time): void {
    this.#begin(now);
    this.#linkByPeer.set(peer, { address, frames: new Allowance(FRAMES_AT_ONCE, FRAMES_PER_SECOND) });
    const call = this.#callByAddress.get(address);
    if (call || this.#passive.isMissing(address)) this.#ask(peer, address, call?.swap ?? false, now);
    else {
      this.#learn(address, peer, "heard", now);
      // It will ask, if that is what it called for; to ask it now would be no choice of ours.
      this.#passive.rest(address, AFTER_CALLED_MS, now);
    }
    this.#seek(now);
  }

  linkDown(peer: PeerId, now: Time): void {
    const link = this.#linkByPeer.get(peer);
    if (!link) return;
    this.#linkByPeer.delete(peer);
    if (this.#callByAddress.get(link.address)?.asked === peer) this.#callFailed(link.address, now);
    if (this.#active.has(peer)) {
      // Who chose the other calls it again; who called by breaking links would else become a choice of ours.
      const { chosen } = this.#active.delete(peer);
      if (!this.#banned.has(peer)) this.#passive.add(link.address, peer, "met", now, chosen);
      this.#passive.rest(link.address, chosen ? AFTER_FAILURE_MS : AFTER_CALLED_MS, now);
      if (this.#due && this.#active.size === 0)
        this.#due.sampleAt = Math.min(this.#due.sampleAt, now + AFTER_FAILURE_MS);
      this.#context.neighborDown(peer, now);
    }
    this.#seek(now);
  }

  dialFailed(address: Address, now: Time): void {
    if (this.#callByAddress.get(address)?.asked === null) this.#callFailed(address, now);
    this.#seek(now);
  }

  /** It may call as if it had been awake: what it called slept with it, what rests has rested, and the server knows more. */
  woke(sleptMs: number): void {
    this.#dials.passed(sleptMs);
    this.#lonelyDials.passed(sleptMs);
    this.#passive.passed(sleptMs);
    if (this.#due) this.#due.sampleAt -= sleptMs;
  }

  /** Nobody is reached there any more. */
  forget(address: Address): void {
    this.#passive.remove(address);
  }

  /** A probe came back through this neighbour: it passes on what it gets. [O8] */
  told(peer: PeerId): void {
    this.#active.probed(peer, true);
  }

  missed(peer: PeerId): void {
    this.#active.probed(peer, false);
  }

  /** It was the first to bring news of somebody else: it keeps its place before one that never did. [O3] */
  brought(peer: PeerId): void {
    this.#active.brought(peer);
  }

  frame(peer: PeerId, frame: OverlayFrame, now: Time): void {
    const link = this.#linkByPeer.get(peer);
    if (!link) return;
    if (!link.frames.spend(1, now)) return this.#context.refuse(peer, "too-many-requests");
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
        if (!this.#active.shuffleAnswered(peer)) return this.#context.refuse(peer, "bad-request");
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
    for (const [address, call] of this.#callByAddress) if (now >= call.until) this.#callFailed(address, now);
    if (now >= this.#due.shuffleAt) {
      this.#due.shuffleAt = now + SHUFFLE_EVERY_MS;
      this.#shuffle();
    }
    if (now >= this.#due.roundAt) {
      this.#due.roundAt = now + ROUND_EVERY_MS;
      this.#expel(now);
      this.#swap(now);
    }
    if (now >= this.#due.sampleAt) {
      const alone = this.#active.size === 0;
      this.#due.sampleAt = now + (alone ? SAMPLE_ALONE_EVERY_MS : SAMPLE_EVERY_MS);
      if (this.#lacking() > 0 || this.#passive.size < MIN_PASSIVE) this.#context.sample();
    }
    this.#seek(now);
  }

  nextDeadline(): Time | null {
    if (!this.#due) return null;
    const { shuffleAt, sampleAt, roundAt } = this.#due;
    let next = Math.min(shuffleAt, sampleAt, roundAt, this.#seekAt ?? Infinity);
    for (const { until } of this.#callByAddress.values()) next = Math.min(next, until);
    return next;
  }

  /** Nothing more is called or sent. */
  close(): void {
    this.#due = null;
    this.#linkByPeer.clear();
    this.#active.clear();
    this.#callByAddress.clear();
  }

  // -- looking for neighbours ----------------------------------------------------------------------------------------

  #begin(now: Time): void {
    // Peers that came together do not act in step.
    const phase = this.#context.random();
    this.#due ??= {
      shuffleAt: now + SHUFFLE_EVERY_MS * phase,
      sampleAt: now + SAMPLE_ALONE_EVERY_MS * (1 + phase),
      roundAt: now + ROUND_EVERY_MS * (1 + phase),
    };
  }

  /** How many neighbours are missing that are not being called yet. [O2] */
  #lacking(): number {
    const { size, chosen } = this.#active;
    const { target, max, calledMax } = this.#aim;
    const wanted = Math.max(target - size, max - calledMax - chosen);
    return Math.min(wanted, max - size) - this.#callByAddress.size;
  }

  get #aim(): Aim {
    return AIMS[this.#context.connectionsLeft()];
  }

  #askedCount(): number {
    let count = 0;
    for (const { asked } of this.#callByAddress.values()) if (asked !== null) count++;
    return count;
  }

  /** Calls contacts while neighbours are missing; and lost choices also else, because a cut may have healed. [O6] */
  #seek(now: Time): void {
    this.#seekAt = null;
    if (!this.#due) return;
    while (this.#callByAddress.size < MAX_CALLS) {
      const onlyMissing = this.#lacking() <= 0;
      if (onlyMissing && this.#active.size + this.#callByAddress.size >= this.#aim.recalledMax) return;
      const address = this.#passive.pick(now, onlyMissing, this.#callByAddress);
      if (address === null) {
        this.#seekAt = this.#passive.nextDue(now, onlyMissing, this.#callByAddress);
        return;
      }
      if (!this.#call(address, false, now)) {
        this.#seekAt = this.#dialsFor(now).readyAt(1, now);
        return;
      }
    }
  }

  /** False: no call of any address may be made now. */
  #call(address: Address, swap: boolean, now: Time): boolean {
    const linked = this.#peerAt(address);
    if (linked) {
      this.#ask(linked, address, swap, now);
      return true;
    }
    if (this.#context.connectionsLeft() === "few" && this.#active.size > 0) {
      this.#passive.rest(address, AFTER_REFUSAL_MS, now);
      return true;
    }
    const dials = this.#dialsFor(now);
    if (dials.readyAt(1, now) > now) return false;
    if (this.#context.dial(address, now)) {
      dials.spend(1, now);
      this.#callByAddress.set(address, { asked: null, swap, until: now + CALL_MS });
    } else this.#passive.rest(address, AFTER_NO_DIAL_MS, now);
    return true;
  }

  #dialsFor(now: Time): Allowance {
    return this.#active.size === 0 && this.#dials.readyAt(1, now) > now ? this.#lonelyDials : this.#dials;
  }

  #ask(peer: PeerId, address: Address, swap: boolean, now: Time): void {
    this.#callByAddress.delete(address);
    // Others may have called meanwhile: the places in question are counted as taken.
    const taken = this.#active.size + this.#askedCount();
    if (this.#banned.has(peer)) return this.#passive.remove(address);
    if (taken >= this.#aim.max && !swap) return this.#passive.rest(address, AFTER_REFUSAL_MS, now);
    this.#callByAddress.set(address, { asked: peer, swap, until: now + ANSWER_MS });
    this.#context.send(peer, { type: "neighbor", urgent: this.#active.size === 0 });
  }

  #callFailed(address: Address, now: Time): void {
    this.#callByAddress.delete(address);
    this.#passive.failed(address, AFTER_FAILURE_MS, now);
  }

  #answered(peer: PeerId, address: Address, accepted: boolean, now: Time): void {
    const call = this.#callByAddress.get(address);
    if (call?.asked !== peer) {
      // Too late, and it believes that it is a neighbour; unless both asked, then it is one.
      if (accepted && !this.#active.has(peer)) this.#context.send(peer, { type: "disconnect" });
      return;
    }
    this.#callByAddress.delete(address);
    if (accepted) this.#up(peer, address, true, call.swap, now);
    else {
      // In a crowd all places are taken for a moment: who is alone asks again soon.
      const restMs = this.#active.size === 0 ? AFTER_FAILURE_MS : AFTER_REFUSAL_MS;
      this.#passive.failed(address, restMs, now);
    }
    this.#seek(now);
  }

  /** Somebody asks to be a neighbour. [O3] */
  #asked(peer: PeerId, address: Address, urgent: boolean, now: Time): void {
    const answer = (accepted: boolean) => this.#context.send(peer, { type: "neighbor-answer", accepted });
    if (this.#banned.has(peer)) return answer(false);
    if (this.#active.has(peer)) return answer(true);
    const call = this.#callByAddress.get(address);
    if (call?.asked === peer) {
      // Both asked: both chose.
      this.#callByAddress.delete(address);
      answer(true);
      this.#up(peer, address, true, call.swap, now);
      return this.#seek(now);
    }
    if (!this.#hasRoom() && !this.#makeRoomFor(urgent, now)) return answer(false);
    answer(true);
    this.#up(peer, address, false, false, now);
  }

  #hasRoom(): boolean {
    const taken = this.#active.size + this.#askedCount();
    const { max, calledMax } = this.#aim;
    return taken < max && this.#active.called < calledMax;
  }

  /** A place of one that called us, the least useful first: for whoever has no neighbour, or one of a swallower. */
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

  #up(peer: PeerId, address: Address, chosen: boolean, swap: boolean, now: Time): void {
    const { target, max } = this.#aim;
    const enough = swap ? target : max;
    if (this.#active.size >= enough) {
      const other = this.#active.random(null);
      if (other) this.#dismiss(other, now);
    }
    this.#passive.joined(address);
    this.#active.add(peer, address, chosen);
    this.#context.neighborUp(peer, now);
  }

  #dismiss(peer: PeerId, now: Time): void {
    this.#context.send(peer, { type: "disconnect" });
    this.#part(peer, now);
  }

  /** No longer neighbours, by word of one of both: it is alive, and may be chosen again later. */
  #part(peer: PeerId, now: Time): void {
    const { address } = this.#active.delete(peer);
    if (!this.#banned.has(peer)) this.#passive.add(address, peer, "met", now);
    this.#passive.rest(address, AFTER_PARTING_MS, now);
    this.#context.neighborDown(peer, now);
  }

  // -- keeping the graph random and honest ---------------------------------------------------------------------------

  /** Now and then a neighbour for another: what was cut in two and healed grows together again. [O7] */
  #swap(now: Time): void {
    if (now < this.#swapAt || this.#lacking() > 0 || this.#callByAddress.size > 0) return;
    const address = this.#passive.pick(now, false, this.#callByAddress);
    if (address === null || !this.#call(address, true, now)) return;
    this.#swaps++;
    this.#swapAt = now + ROUND_EVERY_MS * (1 + this.#swaps / SWAPS_UNTIL_HALF);
  }

  /** Parts for good with neighbours that take and never pass on. [O8] */
  #expel(now: Time): void {
    for (const peer of this.#active.swallowers(MAX_EXPELLED_PER_ROUND)) {
      this.#banned.add(peer);
      this.#dismiss(peer, now);
    }
  }

  #shuffle(): void {
    const to = this.#active.random(null);
    if (!to) return;
    const me: Contact = { peer: this.#context.me, address: this.#context.address };
    this.#hand(to, [me, ...this.#someContacts()], SHUFFLE_HOPS - 1);
  }

  /** A step of a shuffle's walk, or its end: then whoever handed it over is told some contacts in return. [O5] */
  #walk(from: PeerId, contacts: readonly Contact[], hops: number, now: Time): void {
    if (!this.#active.has(from)) return; // parted meanwhile
    const next = hops > 0 ? this.#active.random(from) : null;
    if (next) return this.#hand(next, contacts, Math.min(hops, SHUFFLE_HOPS) - 1);
    this.#context.send(from, { type: "shuffle-reply", contacts: this.#someContacts() });
    this.#heard(contacts, now);
  }

  #hand(to: PeerId, contacts: readonly Contact[], hops: number): void {
    this.#active.shuffleHanded(to);
    this.#context.send(to, { type: "shuffle", contacts, hops });
  }

  /** Neighbours, and others that were met: who only heard of somebody does not spread it. [O4] */
  #someContacts(): Contact[] {
    return [...this.#active.sample(SHUFFLED_NEIGHBORS), ...this.#passive.sample(SHUFFLED_CONTACTS)];
  }

  #heard(contacts: readonly Contact[], now: Time): void {
    for (const { peer, address } of contacts) this.#learn(address, peer, "heard", now);
    this.#seek(now);
  }

  #learn(address: Address, named: PeerId | null, origin: "server" | "heard", now: Time): void {
    if (address === this.#context.address || named === this.#context.me) return;
    const peer = this.#peerAt(address) ?? named;
    if (peer && (this.#banned.has(peer) || this.#active.has(peer))) return;
    this.#passive.add(address, peer, origin, now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  /** Who is linked at the address. Links are few. */
  #peerAt(address: Address): PeerId | null {
    for (const [peer, link] of this.#linkByPeer) if (link.address === address) return peer;
    return null;
  }
}
