/**
 * Introductions: two members of a room exchange sealed envelopes before they have a connection. The server carries
 * them, or peers where it can't. PROTOCOL.md, rules I1 to I5 and I9 to I11. An introduction is one attempt at a
 * connection, between two addresses, begun by one of them; it accepts each envelope once, in order.
 *
 * It knows nothing of links: calls.ts decides whether a call is answered.
 */
import * as v from "valibot";
import { encode } from "cborg";
import { fail, ok, type Address, type Result, type RoomTag } from "@swapmeet/shared";
import { Couriers, type CouriersView } from "./couriers.ts";
import {
  attemptOf,
  newSession,
  open,
  seal,
  SESSION_BYTES,
  type IntroductionSession,
} from "./sealed/envelope.ts";
import { BoundedSet } from "../base/bounded.ts";
import { hexToBytes } from "../base/bytes.ts";
import { decodeCbor } from "../base/cbor.ts";
import { fraction } from "../base/fraction.ts";
import { type IntroduceFrame } from "../wire/frame.ts";
import { AddressFromWire } from "../wire/frame-codec.ts";
import type { Signal } from "../io/io.ts";
import type { QueueOfLinks } from "./events.ts";
import type { Time } from "../base/time.ts";
import { PeerIdFromWire, type PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import { RELAY_KEY_BYTES } from "./sealed/relayed-channel.ts";

const MAX_SIGNAL_CHARS = 12_000;
/** Friends in one offer: as many as a peer has links. */
const MAX_FRIENDS = 48;
/** A call through the server is answered in two round trips and the time that a busy page takes. Guess. */
const BY_SERVER_MS = 4_000;
/** Accepted sessions that are remembered, so that none is accepted twice; at the rate of calls this is hours. Guess. */
const MAX_ACCEPTED = 4096;

export type Role = "initiator" | "responder";

export interface Introduction {
  readonly session: IntroductionSession;
  readonly address: Address;
  /** The role of this peer. */
  readonly role: Role;
  /** The peer that the other side says it is: sealed in its envelopes, proven later. */
  peer: PeerId | null;
  /** Envelopes sent, and the counter that the next one from there must have. [I3] */
  sent: number;
  expected: number;
  way: Carrier;
  /** The envelopes sent so far, until there is an answer: they may have to go another way. [I9] */
  unanswered: Uint8Array[] | null;
  /** When the envelopes that went to the server also go through peers, if there is no answer. */
  readonly byPeersAt: Time;
}

/** How envelopes travel. Answers go the way on which the call came. */
type Carrier = "server" | "peers";

/** For a link through a friend [Y2]: the sender's key and its friends' addresses; an answer names at most one. */
export interface RelayOffer {
  readonly key: Uint8Array;
  readonly friends: readonly Address[];
}

/** The content of an envelope. A call begins an introduction, which counts once it is accepted. */
export interface Letter {
  readonly introduction: Introduction;
  readonly isCall: boolean;
  readonly peer: PeerId;
  readonly said: Signal | RelayOffer;
}

/** The room that the server put this peer in, and where it is reached there. */
export interface Membership {
  readonly tag: RoomTag;
  readonly address: Address;
}

export interface IntroductionsOptions {
  readonly me: PeerId;
  readonly queue: QueueOfLinks;
  readonly view: Omit<CouriersView, "address">;
  random(bytes: number): Uint8Array;
  /** The key that seals envelopes in the room with this tag. */
  envelopeKey(tag: RoomTag): Uint8Array;
}

const RelayOfferFromWire = v.pipe(
  v.strictTuple([
    v.pipe(
      v.instance(Uint8Array),
      v.check((key) => key.length === RELAY_KEY_BYTES),
    ),
    v.pipe(v.array(AddressFromWire), v.maxLength(MAX_FRIENDS)),
  ]),
  v.transform(([key, friends]): RelayOffer => ({ key, friends })),
);
const Payload = v.strictTuple([
  v.picklist(["initiator", "responder"]),
  PeerIdFromWire,
  v.union([v.pipe(v.string(), v.minLength(2), v.maxLength(MAX_SIGNAL_CHARS)), RelayOfferFromWire]),
]);

export class Introductions {
  readonly #options: IntroductionsOptions;
  readonly #couriers: Couriers;
  readonly #introductionBySession = new Map<IntroductionSession, Introduction>();
  /** The highest attempt number that the server brought from each address: an older one is a replay. [I4] */
  readonly #lastAttemptByAddress = new Map<Address, number>();
  readonly #accepted = new BoundedSet<IntroductionSession>(MAX_ACCEPTED);
  #membership: Membership | null = null;
  #isOnline = false;
  #begun = 0;

  constructor(options: IntroductionsOptions) {
    this.#options = options;
    const { queue, view, random } = options;
    this.#couriers = new Couriers({
      queue,
      view: { ...view, address: () => this.#membership?.address ?? null },
      random: () => fraction(random),
    });
  }

  get membership(): Membership | null {
    return this.#membership;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  enter(tag: RoomTag, address: Address): void {
    if (this.#membership?.address !== address || this.#membership.tag !== tag)
      this.#lastAttemptByAddress.clear();
    this.#membership = { tag, address };
    this.#isOnline = true;
  }

  serverLost(): void {
    this.#isOnline = false;
    for (const introduction of this.#introductionBySession.values()) this.#goByPeers(introduction);
  }

  leave(): void {
    this.#membership = null;
  }

  begin(address: Address, now: Time): Introduction {
    const introduction: Introduction = {
      session: newSession(++this.#begun, this.#options.random(SESSION_BYTES - 4)),
      address,
      role: "initiator",
      peer: null,
      sent: 0,
      expected: 0,
      way: this.#isOnline ? "server" : "peers",
      unanswered: [],
      byPeersAt: now + BY_SERVER_MS,
    };
    this.#introductionBySession.set(introduction.session, introduction);
    return introduction;
  }

  /**
   * Refused calls are not remembered, or invented addresses could fill the memory. A call that peers bring can name any
   * sender: its attempt number must not lock out the true owner of that address. [I4a]
   */
  accept(call: Introduction): void {
    if (call.way === "server") this.#lastAttemptByAddress.set(call.address, attemptOf(call.session));
    this.#accepted.add(call.session);
    this.#introductionBySession.set(call.session, call);
  }

  end(introduction: Introduction): void {
    this.#introductionBySession.delete(introduction.session);
  }

  tell(introduction: Introduction, said: Signal | RelayOffer): void {
    if (!this.#membership) return;
    const { tag, address } = this.#membership;
    const wire = typeof said === "string" ? said : [said.key, said.friends.map(hexToBytes)];
    const payload = encode([introduction.role, hexToBytes(this.#options.me), wire]);
    const bytes = seal(
      this.#options.envelopeKey(tag),
      { tag, from: address, to: introduction.address },
      { session: introduction.session, counter: introduction.sent++, payload },
      this.#options.random(24),
    );
    introduction.unanswered?.push(bytes);
    this.#send(introduction, bytes);
  }

  /** The server brought an envelope. When it does not open, its sender is unknown. */
  envelope(from: Address, bytes: Uint8Array, now: Time): Result<Letter, Refusal> {
    return this.#read(from, bytes, "server", now);
  }

  /** A peer brought an envelope. Null: it is for another member, or may not be passed on. */
  frame(by: PeerId, frame: IntroduceFrame, now: Time): Result<Letter, Refusal> | null {
    const arrived = this.#couriers.frame(by, frame, now);
    return arrived && this.#read(arrived.from, arrived.bytes, "peers", now);
  }

  peerDown(peer: PeerId): void {
    this.#couriers.peerDown(peer);
  }

  tick(now: Time): void {
    for (const introduction of this.#introductionBySession.values())
      if (now >= introduction.byPeersAt) this.#goByPeers(introduction);
  }

  nextDeadline(): Time | null {
    let next = Infinity;
    for (const { way, unanswered, byPeersAt } of this.#introductionBySession.values())
      if (way === "server" && unanswered) next = Math.min(next, byPeersAt);
    return next === Infinity ? null : next;
  }

  #send(introduction: Introduction, bytes: Uint8Array): void {
    const { address, way } = introduction;
    if (way === "server" && this.#isOnline)
      this.#options.queue({ type: "output", output: { type: "send-envelope", to: address, bytes } });
    else this.#couriers.send(address, bytes);
  }

  /** Sends the envelopes again through peers, if no answer has come through the server. */
  #goByPeers(introduction: Introduction): void {
    if (introduction.way === "peers" || !introduction.unanswered) return;
    introduction.way = "peers";
    for (const bytes of introduction.unanswered) this.#send(introduction, bytes);
  }

  #read(from: Address, bytes: Uint8Array, way: Carrier, now: Time): Result<Letter, Refusal> {
    if (!this.#membership) return fail("stale-envelope");
    const { tag, address } = this.#membership;
    const opened = open(this.#options.envelopeKey(tag), { tag, from, to: address }, bytes);
    if (!opened.ok) return opened;
    const { session, counter, payload } = opened.value;
    const parsed = v.safeParse(Payload, decodeCbor(payload));
    if (!parsed.success) return fail("malformed-envelope");
    const [senderRole, peer, said] = parsed.output;

    const known = this.#introductionBySession.get(session);
    if (!known) {
      if (senderRole !== "initiator") return fail("stale-envelope");
      if (this.#isReplay(from, session)) return fail("replayed-envelope");
      if (counter !== 0) return fail("reordered-envelope");
      const call: Introduction = {
        session,
        address: from,
        role: "responder",
        peer,
        sent: 0,
        expected: 1,
        way,
        unanswered: null,
        byPeersAt: now,
      };
      return ok({ introduction: call, isCall: true, peer, said });
    }
    if (known.address !== from || known.role === senderRole) return fail("forged-envelope");
    if (counter !== known.expected)
      return fail(counter < known.expected ? "replayed-envelope" : "reordered-envelope");
    if (known.peer !== null && known.peer !== peer) return fail("forged-envelope");
    known.expected++;
    known.peer = peer;
    known.way = way;
    known.unanswered = null;
    return ok({ introduction: known, isCall: false, peer, said });
  }

  #isReplay(from: Address, session: IntroductionSession): boolean {
    return this.#accepted.has(session) || attemptOf(session) <= (this.#lastAttemptByAddress.get(from) ?? -1);
  }
}
