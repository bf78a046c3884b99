/**
 * How many calls a tab can afford, and when an address may be called again. PROTOCOL.md, rule I8.
 *
 * A connection is what a call costs that is not made through a friend, whoever makes it.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "./allowance.ts";
import type { Time } from "./io.ts";

/** Chrome refuses the 501st RTCPeerConnection of a tab's life (js-libp2p #2591). */
const MAX_CONNECTIONS_OF_LIFE = 480;
/** Neither those who call nor this peer itself can use up all of them. */
const MAX_DIALS_OF_LIFE = 400;
const MAX_CALLS_OF_LIFE = 280;
/** A class that joins at once, and then one in five seconds. Guess. */
const CALLS_AT_ONCE = 48;
const CALLS_PER_SECOND = 1 / 5;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** To somebody whom the network keeps away: each attempt costs both a connection of their lives. Guess. */
const LAST_APART_RETRY_MS = 5 * 60_000;

/** What became of the calls to an address, until one succeeds. */
export interface Failures {
  readonly count: number;
  readonly notBefore: Time;
  /** The person knows that the network keeps the two apart. */
  isTold: boolean;
}

export class CallBudget {
  readonly #random: () => number;
  readonly #failuresByAddress = new Map<Address, Failures>();
  readonly #calls = new Allowance(CALLS_AT_ONCE, CALLS_PER_SECOND);
  #dialled = 0;
  #answered = 0;

  /** @param random [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  isResting(address: Address, now: Time): boolean {
    return now < (this.#failuresByAddress.get(address)?.notBefore ?? 0);
  }

  /** Takes a connection for a call of this peer. */
  spendOnDial(): boolean {
    if (this.#dialled >= MAX_DIALS_OF_LIFE || this.#isSpent()) return false;
    this.#dialled++;
    return true;
  }

  mayAnswer(isRelayed: boolean, now: Time): boolean {
    const isAffordable = isRelayed || !(this.#answered >= MAX_CALLS_OF_LIFE || this.#isSpent());
    return isAffordable && this.#calls.spend(1, now);
  }

  /** A call was answered with a connection. */
  answered(): void {
    this.#answered++;
  }

  succeeded(address: Address): void {
    this.#failuresByAddress.delete(address);
  }

  /** @param isApart somebody is there, and the network keeps the two apart. */
  failed(address: Address, isApart: boolean, now: Time): Failures {
    const before = this.#failuresByAddress.get(address);
    const count = (before?.count ?? 0) + 1;
    const longestMs = isApart ? LAST_APART_RETRY_MS : LAST_RETRY_MS;
    // Between 1 and 2 times: two peers that lost each other do not call in step for ever.
    const waitMs = Math.min(longestMs, FIRST_RETRY_MS * 2 ** (count - 1)) * (1 + this.#random());
    const failures = { count, notBefore: now + waitMs, isTold: before?.isTold ?? false };
    this.#failuresByAddress.set(address, failures);
    return failures;
  }

  /** Never again: to call there would only use up connections. */
  shun(address: Address): void {
    this.#failuresByAddress.set(address, { count: 0, notBefore: Infinity, isTold: true });
  }

  #isSpent(): boolean {
    return this.#dialled + this.#answered >= MAX_CONNECTIONS_OF_LIFE;
  }
}
