/**
 * Couriers pass on envelopes through peers, because the server can't be reached, or can't reach the recipient.
 * PROTOCOL.md, rules I9 to I11. Each peer on the way knows only the next one.
 *
 * A courier reads no more of an envelope than the session in its header.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import { Bounded } from "../base/bounded.ts";
import { sessionOn, type IntroductionSession } from "./sealed/envelope.ts";
import { MAX_HOPS, type IntroduceFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import type { QueueOfLinks, WaysView } from "./events.ts";

/** An introduction is about ten envelopes each way, and a class that lost its server makes dozens at once. Guess. */
const ENVELOPES_AT_ONCE = 128;
const ENVELOPES_PER_SECOND = 16;
/** Calls to this peer itself, which cost it a connection each. Guess. */
const CALLS_AT_ONCE = 16;
const CALLS_PER_SECOND = 1 / 20;
/** Ends of sessions whose way is remembered. At the rate above, one neighbour fills them in two minutes. Guess. */
const MAX_WAYS = 4096;

export interface CouriersView extends WaysView {
  /** This peer's own address. */
  address(): Address | null;
  isLinked(peer: PeerId): boolean;
  /** The linked peer that is reached at this address. */
  linkedAt(address: Address): PeerId | null;
}

export interface CouriersOptions {
  readonly queue: QueueOfLinks;
  readonly view: CouriersView;
  /** [0, 1) */
  random(): number;
}

/** An envelope for this peer. */
export interface Arrived {
  readonly from: Address;
  readonly bytes: Uint8Array;
}

export class Couriers {
  readonly #options: CouriersOptions;
  /** For each end of a session, the neighbour that leads to it. */
  readonly #wayByEnd = new Bounded<string, PeerId>(MAX_WAYS);
  readonly #allowanceByPeer = new Map<PeerId, { envelopes: Allowance; calls: Allowance }>();

  constructor(options: CouriersOptions) {
    this.#options = options;
  }

  send(to: Address, bytes: Uint8Array): void {
    const from = this.#options.view.address();
    if (from) this.#pass({ type: "introduce", from, to, hops: MAX_HOPS, bytes }, null);
  }

  /** @returns the envelope, if it is for this peer. */
  frame(by: PeerId, frame: IntroduceFrame, now: Time): Arrived | null {
    const { from, to, hops, bytes } = frame;
    const session = sessionOn(bytes);
    if (session === null) return this.#refuse(by, "malformed-envelope");
    const allowance = this.#allowanceOf(by);
    const isCall = !this.#wayByEnd.has(endOf(session, from));
    const mine = this.#options.view.address();
    if (!allowance.envelopes.spend(1, now) || (to === mine && isCall && !allowance.calls.spend(1, now)))
      return this.#refuse(by, "too-many-introductions");
    // A session keeps its way, so that its envelopes stay in order and a loop ends where it closes. [I10]
    const back = this.#wayTo(session, from);
    if (from === mine || (back !== null && back !== by)) return null;
    this.#remember(session, from, by);
    if (to === mine) return { from, bytes };
    if (hops > 0) this.#pass({ ...frame, hops: hops - 1 }, by);
    return null;
  }

  peerDown(peer: PeerId): void {
    this.#allowanceByPeer.delete(peer);
  }

  #pass(frame: IntroduceFrame, by: PeerId | null): void {
    const session = sessionOn(frame.bytes);
    if (session === null) return;
    const { to } = frame;
    const next = this.#wayTo(session, to) ?? this.#options.view.linkedAt(to) ?? this.#nextHop(to, by);
    if (next === null || next === by) return;
    this.#remember(session, to, next);
    this.#options.queue({ type: "send", to: next, frame });
  }

  /** The next peer on the way: the recipient, or the neighbour that brought its last word, or a random one. [I9] */
  #nextHop(to: Address, except: PeerId | null): PeerId | null {
    const { view, random } = this.#options;
    const peer = view.peerAt(to);
    const route = peer && view.routeTo(peer);
    for (const next of [peer, route]) if (next && next !== except && view.isLinked(next)) return next;
    const neighbors = [...view.neighbors()].filter((neighbor) => neighbor !== except);
    return neighbors[Math.floor(random() * neighbors.length)] ?? null;
  }

  #refuse(peer: PeerId, refusal: Refusal): null {
    this.#options.queue({ type: "refuse", peer, refusal });
    return null;
  }

  #wayTo(session: IntroductionSession, end: Address): PeerId | null {
    const way = this.#wayByEnd.get(endOf(session, end));
    return way !== undefined && this.#options.view.isLinked(way) ? way : null;
  }

  #remember(session: IntroductionSession, end: Address, way: PeerId): void {
    this.#wayByEnd.set(endOf(session, end), way);
  }

  #allowanceOf(peer: PeerId): { envelopes: Allowance; calls: Allowance } {
    const known = this.#allowanceByPeer.get(peer);
    if (known) return known;
    const allowance = {
      envelopes: new Allowance(ENVELOPES_AT_ONCE, ENVELOPES_PER_SECOND),
      calls: new Allowance(CALLS_AT_ONCE, CALLS_PER_SECOND),
    };
    this.#allowanceByPeer.set(peer, allowance);
    return allowance;
  }
}

const endOf = (session: IntroductionSession, end: Address): string => `${session}${end}`;
