/**
 * Couriers: envelopes that travel through peers, because the server is away or the recipient is. PROTOCOL.md, rules I9
 * to I11. Each peer on the way knows only who is next.
 *
 * Knows nothing of what is in an envelope but the session that is written on it.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import { Bounded } from "../base/bounded.ts";
import { sessionOn, type IntroductionSession } from "./envelope.ts";
import { MAX_HOPS, type IntroduceFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

/** An introduction is about ten envelopes each way, and a class that lost its server makes dozens at once. Guess. */
const ENVELOPES_AT_ONCE = 128;
const ENVELOPES_PER_SECOND = 16;
/** Calls for this peer itself, which cost it a connection each. Guess. */
const CALLS_AT_ONCE = 16;
const CALLS_PER_SECOND = 1 / 20;
/** Ends of sessions whose way is remembered. At the rate above one neighbour fills them in two minutes. Guess. */
const MAX_WAYS = 4096;

export interface CouriersContext {
  /** Where this peer is reached. */
  address(): Address | null;
  send(peer: PeerId, frame: IntroduceFrame): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  isLinked(peer: PeerId): boolean;
  /** Who is linked and reached at this address. */
  linkedAt(address: Address): PeerId | null;
  /** Somebody linked, other than `except`, who may be nearer to the address; null when there is nobody. */
  nextHop(to: Address, except: PeerId | null): PeerId | null;
  /** An envelope for this peer. */
  arrived(from: Address, bytes: Uint8Array, now: Time): void;
}

export class Couriers {
  readonly #context: CouriersContext;
  /** Which neighbour leads to an end of a session. */
  readonly #wayByEnd = new Bounded<string, PeerId>(MAX_WAYS);
  readonly #allowanceByPeer = new Map<PeerId, { envelopes: Allowance; calls: Allowance }>();

  constructor(context: CouriersContext) {
    this.#context = context;
  }

  send(to: Address, bytes: Uint8Array): void {
    const from = this.#context.address();
    if (from) this.#pass({ type: "introduce", from, to, hops: MAX_HOPS, bytes }, null);
  }

  frame(by: PeerId, frame: IntroduceFrame, now: Time): void {
    const { from, to, hops, bytes } = frame;
    const session = sessionOn(bytes);
    if (session === null) return this.#context.refuse(by, "malformed-envelope");
    const allowance = this.#allowanceOf(by);
    const isCall = !this.#wayByEnd.has(endOf(session, from));
    const isMine = to === this.#context.address();
    if (!allowance.envelopes.spend(1, now) || (isMine && isCall && !allowance.calls.spend(1, now)))
      return this.#context.refuse(by, "too-many-introductions");
    // A session keeps its way, so that its envelopes stay in order and a loop ends where it closes. [I10]
    const back = this.#wayTo(session, from);
    if (from === this.#context.address() || (back !== null && back !== by)) return;
    this.#remember(session, from, by);
    if (isMine) return this.#context.arrived(from, bytes, now);
    if (hops > 0) this.#pass({ ...frame, hops: hops - 1 }, by);
  }

  peerDown(peer: PeerId): void {
    this.#allowanceByPeer.delete(peer);
  }

  #pass(frame: IntroduceFrame, by: PeerId | null): void {
    const session = sessionOn(frame.bytes);
    if (session === null) return;
    const { to } = frame;
    const next = this.#wayTo(session, to) ?? this.#context.linkedAt(to) ?? this.#context.nextHop(to, by);
    if (next === null || next === by) return;
    this.#remember(session, to, next);
    this.#context.send(next, frame);
  }

  #wayTo(session: IntroductionSession, end: Address): PeerId | null {
    const way = this.#wayByEnd.get(endOf(session, end));
    return way !== undefined && this.#context.isLinked(way) ? way : null;
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
