/** "Send to NAME": files are offered, and somebody answers. PROTOCOL.md, rules T4 and T5. */
import { Allowance } from "../base/allowance.ts";
import { Bounded } from "../base/bounded.ts";
import type { OfferAnswerFrame, OfferFrame } from "../wire/frame.ts";
import type { Notice } from "../io/io.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

/** Each opens a dialog before somebody. Guess: a person who sends one folder after another. */
const OFFERS_AT_ONCE = 5;
const OFFERS_PER_SECOND = 0.1;
/** Own ones that may still be answered; the oldest go first. Guess. */
const MAX_OPEN_OFFERS = 256;

export interface OffersContext {
  notify(notice: Notice): void;
  refuse(peer: PeerId, refusal: Refusal): void;
}

export class Offers {
  readonly #context: OffersContext;
  #nextId = 1;
  /** Whom each was made to. A link may break between the question and the answer. */
  readonly #peerById = new Bounded<number, PeerId>(MAX_OPEN_OFFERS);
  readonly #allowanceByPeer = new Map<PeerId, Allowance>();

  constructor(context: OffersContext) {
    this.#context = context;
  }

  /** What is to be told to that peer. */
  make(to: PeerId, files: OfferFrame["files"]): OfferFrame {
    const id = this.#nextId++;
    this.#peerById.set(id, to);
    return { type: "offer", id, files };
  }

  peerDown(peer: PeerId): void {
    this.#allowanceByPeer.delete(peer);
  }

  frame(peer: PeerId, frame: OfferFrame | OfferAnswerFrame, now: Time): void {
    if (frame.type === "offer") return this.#offered(peer, frame, now);
    if (this.#peerById.get(frame.id) !== peer) return this.#context.refuse(peer, "bad-request");
    this.#peerById.delete(frame.id);
    this.#context.notify({ type: "offer-answered", by: peer, accepted: frame.accepted });
  }

  #offered(from: PeerId, { id, files }: OfferFrame, now: Time): void {
    const allowance = this.#allowanceByPeer.get(from) ?? new Allowance(OFFERS_AT_ONCE, OFFERS_PER_SECOND);
    this.#allowanceByPeer.set(from, allowance);
    if (!allowance.spend(1, now)) return this.#context.refuse(from, "too-many-requests");
    this.#context.notify({ type: "offer", from, id, files });
  }
}
