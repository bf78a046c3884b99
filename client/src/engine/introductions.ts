/**
 * Introductions: what two members of a room tell each other before they have a connection, in sealed envelopes.
 * PROTOCOL.md, rules I1 to I5. An introduction is one attempt at a connection, between two addresses, begun by one of
 * them; it accepts each envelope once, in order.
 *
 * Knows nothing of links: whether a call is answered is decided in links.ts.
 */
import * as v from "valibot";
import { encode } from "cborg";
import { fail, ok, type Address, type Result, type RoomTag } from "@swapmeet/shared";
import { attemptOf, newSession, open, seal, SESSION_BYTES, type IntroductionSession } from "./envelope.ts";
import { hexToBytes } from "./bytes.ts";
import { decodeCbor } from "./frame.ts";
import type { Output, Signal } from "./io.ts";
import { PeerIdFromWire, type PeerId } from "./peer-id.ts";
import type { Refusal } from "./refusal.ts";

const MAX_SIGNAL_CHARS = 12_000;

export type Role = "initiator" | "responder";

export interface Introduction {
  readonly session: IntroductionSession;
  readonly address: Address;
  /** Of this peer. */
  readonly role: Role;
  /** Who the other side says it is: sealed in its envelopes, proven later. */
  peer: PeerId | null;
  /** Envelopes sent, and the counter that the next one from there must have. [I3] */
  sent: number;
  expected: number;
}

/** What an envelope said. A call begins an introduction, which counts once it is accepted. */
export interface Word {
  readonly introduction: Introduction;
  readonly isCall: boolean;
  readonly peer: PeerId;
  readonly signal: Signal;
}

export interface IntroductionsContext {
  readonly me: PeerId;
  emit(output: Output): void;
  random(bytes: number): Uint8Array;
  /** The key that seals envelopes in the room with this tag. */
  envelopeKey(tag: RoomTag): Uint8Array;
}

const Payload = v.strictTuple([
  v.picklist(["initiator", "responder"]),
  PeerIdFromWire,
  v.pipe(v.string(), v.minLength(2), v.maxLength(MAX_SIGNAL_CHARS)),
]);

export class Introductions {
  readonly #context: IntroductionsContext;
  readonly #introductionBySession = new Map<IntroductionSession, Introduction>();
  /** The highest attempt number accepted from each address: an older one is a replay. [I4] */
  readonly #lastAttemptByAddress = new Map<Address, number>();
  #place: { readonly tag: RoomTag; readonly address: Address } | null = null;
  #begun = 0;

  constructor(context: IntroductionsContext) {
    this.#context = context;
  }

  /** The room that the server put this peer in, and where it is reached there. */
  get place(): { readonly tag: RoomTag; readonly address: Address } | null {
    return this.#place;
  }

  enter(tag: RoomTag, address: Address): void {
    if (this.#place?.address !== address || this.#place.tag !== tag) this.#lastAttemptByAddress.clear();
    this.#place = { tag, address };
  }

  leave(): void {
    this.#place = null;
  }

  begin(address: Address): Introduction {
    const session = newSession(++this.#begun, this.#context.random(SESSION_BYTES - 4));
    return this.#add({ session, address, role: "initiator", peer: null, sent: 0, expected: 0 });
  }

  /** Not for calls that are refused: who invents addresses could fill the memory with them. */
  accept(call: Introduction): void {
    this.#lastAttemptByAddress.set(call.address, attemptOf(call.session));
    this.#add(call);
  }

  end(introduction: Introduction): void {
    this.#introductionBySession.delete(introduction.session);
  }

  tell(introduction: Introduction, signal: Signal): void {
    if (!this.#place) return;
    const { tag, address } = this.#place;
    const payload = encode([introduction.role, hexToBytes(this.#context.me), signal]);
    const bytes = seal(
      this.#context.envelopeKey(tag),
      { tag, from: address, to: introduction.address },
      { session: introduction.session, counter: introduction.sent++, payload },
      this.#context.random(24),
    );
    this.#context.emit({ type: "send-envelope", to: introduction.address, bytes });
  }

  read(from: Address, bytes: Uint8Array): Result<Word, Refusal> {
    if (!this.#place) return fail("stale-envelope");
    const { tag, address } = this.#place;
    const opened = open(this.#context.envelopeKey(tag), { tag, from, to: address }, bytes);
    if (!opened.ok) return opened;
    const { session, counter, payload } = opened.value;
    const parsed = v.safeParse(Payload, decodeCbor(payload));
    if (!parsed.success) return fail("malformed-envelope");
    const [senderRole, peer, signal] = parsed.output;

    const known = this.#introductionBySession.get(session);
    if (!known) {
      if (senderRole !== "initiator") return fail("stale-envelope");
      if (attemptOf(session) <= (this.#lastAttemptByAddress.get(from) ?? -1))
        return fail("replayed-envelope");
      if (counter !== 0) return fail("reordered-envelope");
      const call: Introduction = { session, address: from, role: "responder", peer, sent: 0, expected: 1 };
      return ok({ introduction: call, isCall: true, peer, signal });
    }
    if (known.address !== from || known.role === senderRole) return fail("forged-envelope");
    if (counter !== known.expected)
      return fail(counter < known.expected ? "replayed-envelope" : "reordered-envelope");
    if (known.peer !== null && known.peer !== peer) return fail("forged-envelope");
    known.expected++;
    known.peer = peer;
    return ok({ introduction: known, isCall: false, peer, signal });
  }

  #add(introduction: Introduction): Introduction {
    this.#introductionBySession.set(introduction.session, introduction);
    return introduction;
  }
}
