/**
 * Looks for neighbours: it decides which contacts are called, which linked peers are asked, and how often. PROTOCOL.md,
 * rules O2, O6, O7 and O9.
 *
 * It does not know what happens to a peer that accepts, nor where contacts come from.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import type { Time } from "../base/time.ts";
import type { ConnectionsLeft } from "../links/call-budget.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { ActiveView } from "./active-view.ts";
import type { QueueOfOverlay } from "./events.ts";
import type { PassiveView } from "./passive-view.ts";

/** The paper has log10(n) + 1 = 5 for 10,000 nodes; one more, because tabs end more often than its nodes. */
export const ACTIVE_TARGET = 6;
export const ACTIVE_MAX = 8;

/** How many neighbours to have. */
interface Aim {
  readonly target: number;
  readonly max: number;
  /** The most neighbours that called us; the places up to `max` that are left are for peers that we choose. */
  readonly calledMax: number;
  /** With fewer neighbours than this, lost choices are called again although there are enough neighbours. */
  readonly recalledMax: number;
}

/**
 * A phone that is often locked loses all links again and again, and each new one costs a connection: so a peer has
 * fewer neighbours the more connections it has spent. With 3 each, a room is still one graph. Each peer has more places
 * for callers than it calls itself; otherwise the last calls would find no place. Guess.
 */
const AIMS: Readonly<Record<ConnectionsLeft, Aim>> = {
  plenty: { target: ACTIVE_TARGET, max: ACTIVE_MAX, calledMax: 5, recalledMax: ACTIVE_MAX },
  half: { target: 3, max: 5, calledMax: 3, recalledMax: 3 },
  few: { target: 2, max: 3, calledMax: 2, recalledMax: 2 },
};
const MAX_CALLS = 3;
/** Links report every call's end within 30 s; this limit is for a call that another one replaced. */
const CALL_MS = 40_000;
const ANSWER_MS = 10_000;
/** New connections: many at first and then few, so that nobody can use up the tab's 500. Guess. */
const DIALS_AT_ONCE = 40;
const DIALS_PER_SECOND = 1 / 60;
/** Further ones while there is no neighbour: a device that wakes need not wait a minute for its first call. Guess. */
const LONELY_DIALS_AT_ONCE = 6;
const LONELY_DIALS_PER_SECOND = 1 / 30;
const AFTER_FAILURE_MS = 1_000;
const AFTER_REFUSAL_MS = 30_000;
/** For an address that links.ts would not call now: it is being called already, or rests. */
const AFTER_NO_DIAL_MS = 5_000;
const SWAP_EVERY_MS = 60_000;
/** After so many swaps, they come half as often: about 13 in the first hour, 42 in eight. Guess. */
const SWAPS_UNTIL_HALF = 2;

interface Call {
  /** The linked peer that was asked and has not answered; null: the link is being made. */
  readonly asked: PeerId | null;
  /** Whether it is to take the place of another neighbour. */
  readonly isSwap: boolean;
  readonly until: Time;
  /** The allowance that paid for the link. */
  readonly paidFrom: Allowance | null;
}

export interface SeekingView {
  /** Whether a call there may begin: none is under way, none failed a moment ago, and there are not too many. */
  mayDial(address: Address, now: Time): boolean;
  connectionsLeft(): ConnectionsLeft;
  /** The peer that is linked there. */
  peerAt(address: Address): PeerId | null;
  isBanned(peer: PeerId): boolean;
}

export class Seeking {
  readonly #queue: QueueOfOverlay;
  readonly #view: SeekingView;
  readonly #active: ActiveView;
  readonly #passive: PassiveView;
  readonly #callByAddress = new Map<Address, Call>();
  readonly #dials = new Allowance(DIALS_AT_ONCE, DIALS_PER_SECOND);
  readonly #lonelyDials = new Allowance(LONELY_DIALS_AT_ONCE, LONELY_DIALS_PER_SECOND);
  #seekAt: Time | null = null;
  #swapAt: Time = 0;
  #swaps = 0;

  constructor(queue: QueueOfOverlay, view: SeekingView, active: ActiveView, passive: PassiveView) {
    this.#queue = queue;
    this.#view = view;
    this.#active = active;
    this.#passive = passive;
  }

  get aim(): Aim {
    return AIMS[this.#view.connectionsLeft()];
  }

  /** How many more neighbours are to be called, besides the calls under way. [O2] */
  get lacking(): number {
    const { size, chosen } = this.#active;
    const { target, max, calledMax } = this.aim;
    const wanted = Math.max(target - size, max - calledMax - chosen);
    return Math.min(wanted, max - size) - this.#callByAddress.size;
  }

  /** The places that are taken, including those of peers that were asked and may accept. */
  get taken(): number {
    let asked = 0;
    for (const call of this.#callByAddress.values()) if (call.asked !== null) asked++;
    return this.#active.size + asked;
  }

  callOf(address: Address): Call | undefined {
    return this.#callByAddress.get(address);
  }

  /** Calls contacts while neighbours are missing. Lost choices are called in any case: a cut may have healed. [O6] */
  seek(now: Time): void {
    this.#seekAt = null;
    while (this.#callByAddress.size < MAX_CALLS) {
      const onlyMissing = this.lacking <= 0;
      if (onlyMissing && this.#active.size + this.#callByAddress.size >= this.aim.recalledMax) return;
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

  /** Swaps a neighbour for another now and then, so that a room grows together after a cut has healed. [O7] */
  swap(now: Time): void {
    if (now < this.#swapAt || this.lacking > 0 || this.#callByAddress.size > 0) return;
    const address = this.#passive.pick(now, false, this.#callByAddress);
    if (address === null || !this.#call(address, true, now)) return;
    this.#swaps++;
    this.#swapAt = now + SWAP_EVERY_MS * (1 + this.#swaps / SWAPS_UNTIL_HALF);
  }

  /** Allows the next swap at once. */
  maySwap(now: Time): void {
    this.#swapAt = Math.min(this.#swapAt, now);
  }

  /** Asks a linked peer to be a neighbour. */
  ask(peer: PeerId, address: Address, isSwap: boolean, now: Time): void {
    this.#callByAddress.delete(address);
    if (this.#view.isBanned(peer)) return this.#passive.remove(address);
    // Others may have called meanwhile.
    if (this.taken >= this.aim.max && !isSwap) return this.#passive.rest(address, AFTER_REFUSAL_MS, now);
    this.#callByAddress.set(address, { asked: peer, isSwap, until: now + ANSWER_MS, paidFrom: null });
    this.#queue({ type: "send", to: peer, frame: { type: "neighbor", urgent: this.#active.size === 0 } });
  }

  /** It is a neighbour now. */
  accepted(address: Address): void {
    this.#callByAddress.delete(address);
  }

  refused(address: Address, now: Time): void {
    this.#callByAddress.delete(address);
    // In a crowd all places are taken for a moment: a peer without neighbours asks again soon.
    const restMs = this.#active.size === 0 ? AFTER_FAILURE_MS : AFTER_REFUSAL_MS;
    this.#passive.failed(address, restMs, now);
  }

  failed(address: Address, now: Time): void {
    this.#callByAddress.delete(address);
    this.#passive.failed(address, AFTER_FAILURE_MS, now);
  }

  /** Its link could not be begun after all. */
  notDialled(address: Address, now: Time): void {
    const call = this.#callByAddress.get(address);
    if (call?.asked !== null) return;
    this.#callByAddress.delete(address);
    call.paidFrom?.giveBack(1);
    this.#passive.rest(address, AFTER_NO_DIAL_MS, now);
  }

  woke(sleptMs: number): void {
    this.#dials.passed(sleptMs);
    this.#lonelyDials.passed(sleptMs);
  }

  tick(now: Time): void {
    for (const [address, call] of this.#callByAddress) if (now >= call.until) this.failed(address, now);
  }

  nextDeadline(): Time {
    let next = this.#seekAt ?? Infinity;
    for (const { until } of this.#callByAddress.values()) next = Math.min(next, until);
    return next;
  }

  close(): void {
    this.#seekAt = null;
    this.#callByAddress.clear();
  }

  /** Calls an address, or asks the peer that is linked there. False: no connection may be spent now. */
  #call(address: Address, isSwap: boolean, now: Time): boolean {
    const linked = this.#view.peerAt(address);
    if (linked) {
      this.ask(linked, address, isSwap, now);
      return true;
    }
    if (this.#view.connectionsLeft() === "few" && this.#active.size > 0) {
      this.#passive.rest(address, AFTER_REFUSAL_MS, now);
      return true;
    }
    const dials = this.#dialsFor(now);
    if (dials.readyAt(1, now) > now) return false;
    if (this.#view.mayDial(address, now)) {
      dials.spend(1, now);
      this.#callByAddress.set(address, { asked: null, isSwap, until: now + CALL_MS, paidFrom: dials });
      this.#queue({ type: "dial", address, for: "neighbor" });
    } else this.#passive.rest(address, AFTER_NO_DIAL_MS, now);
    return true;
  }

  #dialsFor(now: Time): Allowance {
    return this.#active.size === 0 && this.#dials.readyAt(1, now) > now ? this.#lonelyDials : this.#dials;
  }
}
