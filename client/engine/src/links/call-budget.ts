/**
 * Counts how many calls a tab can afford, and knows when an address may be called again. PROTOCOL.md, rule I8.
 *
 * A call costs a connection, whichever side makes it, unless it goes through a friend.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import type { Apart } from "../io/io.ts";
import type { Time } from "../base/time.ts";

/** Chrome refuses the 501st RTCPeerConnection of a page's life (js-libp2p #2591), whatever room it is for. */
const MAX_CONNECTIONS_OF_LIFE = 480;
/** Neither this peer's own calls nor those of others can use up all of them. */
const MAX_DIALS_OF_LIFE = 400;
const MAX_CALLS_OF_LIFE = 280;
/** The last ones are kept: for own calls without any link, and for answers with fewer than two links. Guess. */
const KEPT_FOR_ALONE = 60;
const ENOUGH_PEERS = 2;
/** A class that joins at once, and then one in five seconds. Guess. */
const CALLS_AT_ONCE = 48;
const CALLS_PER_SECOND = 1 / 5;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** The longest rest where something keeps two peers apart: each attempt costs both a connection. Guess. */
const LAST_APART_RETRY_MS = 5 * 60_000;

/** How many connections the tab has left: more than half, less, or only those for a peer without links. */
export type ConnectionsLeft = "plenty" | "half" | "few";

/** The calls to an address that failed, until one succeeds. */
export interface Failures {
  readonly count: number;
  notBefore: Time;
  /** The obstacle that the last answered call met; null: nobody has answered. */
  readonly apart: Apart | null;
  /** Whether the person was told that the two are kept apart. */
  isTold: boolean;
}

export class CallBudget {
  readonly #random: () => number;
  readonly #failuresByAddress = new Map<Address, Failures>();
  readonly #calls = new Allowance(CALLS_AT_ONCE, CALLS_PER_SECOND);
  readonly #spentBefore: number;
  #dialled = 0;
  #answered = 0;

  /** @param random [0, 1). @param spentBefore the connections that the page made in earlier visits. */
  constructor(random: () => number, spentBefore: number) {
    this.#random = random;
    this.#spentBefore = spentBefore;
  }

  isResting(address: Address, now: Time): boolean {
    return now < (this.#failuresByAddress.get(address)?.notBefore ?? 0);
  }

  get left(): ConnectionsLeft {
    if (!this.#mayDial(false)) return "few";
    return this.#spent < MAX_CONNECTIONS_OF_LIFE / 2 ? "plenty" : "half";
  }

  /** Takes a connection for a call of this peer. `isAlone`: it is linked to nobody. */
  spendOnDial(isAlone: boolean): boolean {
    if (!this.#mayDial(isAlone)) return false;
    this.#dialled++;
    return true;
  }

  /** @param peers the number of linked peers. */
  mayAnswer(isRelayed: boolean, peers: number, now: Time): boolean {
    const most = MAX_CONNECTIONS_OF_LIFE - (peers < ENOUGH_PEERS ? 0 : KEPT_FOR_ALONE);
    const isAffordable = isRelayed || (this.#answered < MAX_CALLS_OF_LIFE && this.#spent < most);
    return isAffordable && this.#calls.spend(1, now);
  }

  /** Tells that `ms` milliseconds passed that `now` does not count. */
  passed(ms: number): void {
    this.#calls.passed(ms);
    for (const failures of this.#failuresByAddress.values()) failures.notBefore -= ms;
  }

  /** Counts a connection that was spent on answering a call. */
  answered(): void {
    this.#answered++;
  }

  succeeded(address: Address): void {
    this.#failuresByAddress.delete(address);
  }

  apartFrom(address: Address): Apart | null {
    return this.#failuresByAddress.get(address)?.apart ?? null;
  }

  /** @param apart the obstacle between the two, if somebody answered. */
  failed(address: Address, apart: Apart | null, now: Time): Failures {
    const before = this.#failuresByAddress.get(address);
    const count = (before?.count ?? 0) + 1;
    const longestMs = apart ? LAST_APART_RETRY_MS : LAST_RETRY_MS;
    // Between 1 and 2 times, so that two peers that lost each other do not call in step for ever.
    const waitMs = Math.min(longestMs, FIRST_RETRY_MS * 2 ** (count - 1)) * (1 + this.#random());
    const failures = {
      count,
      notBefore: now + waitMs,
      apart: apart ?? before?.apart ?? null,
      isTold: before?.isTold ?? false,
    };
    this.#failuresByAddress.set(address, failures);
    return failures;
  }

  /** The address is never called again: that would only use up connections. */
  shun(address: Address): void {
    this.#failuresByAddress.set(address, { count: 0, notBefore: Infinity, apart: null, isTold: true });
  }

  #mayDial(isAlone: boolean): boolean {
    const kept = isAlone ? 0 : KEPT_FOR_ALONE;
    return this.#dialled < MAX_DIALS_OF_LIFE - kept && this.#spent < MAX_CONNECTIONS_OF_LIFE - kept;
  }

  get #spent(): number {
    return this.#spentBefore + this.#dialled + this.#answered;
  }
}
