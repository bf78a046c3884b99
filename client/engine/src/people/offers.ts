/** Direct offers ("Send to NAME") and their answers. PROTOCOL.md, rules T4 and T5. */
import { Allowance } from "../base/allowance.ts";
import { Bounded } from "../base/bounded.ts";
import type { Time } from "../base/time.ts";
import { telling, type OutputEffect, type RefuseEffect } from "../io/effect.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { OfferAnswerFrame, OfferFrame } from "../wire/frame.ts";

/** Each offer opens a dialog for a person. Guess: a person who sends one folder after another. */
const OFFERS_AT_ONCE = 5;
const OFFERS_PER_SECOND = 0.1;
/** So many own offers may still be answered. Guess. */
const MAX_OPEN_OFFERS = 256;

export type OffersEvent =
  | OutputEffect
  | RefuseEffect
  /** A frame for that peer, which need not be linked. */
  | { readonly type: "errand"; readonly to: PeerId; readonly frame: OfferFrame | OfferAnswerFrame };

export class Offers {
  readonly #queue: (event: OffersEvent) => void;
  #nextId = 1;
  /** The peer that each offer was made to. A link may break between the offer and the answer. */
  readonly #peerById = new Bounded<number, PeerId>(MAX_OPEN_OFFERS);
  readonly #allowanceByPeer = new Map<PeerId, Allowance>();

  constructor(queue: (event: OffersEvent) => void) {
    this.#queue = queue;
  }

  /** The person offers files to somebody. */
  offer(to: PeerId, files: OfferFrame["files"]): void {
    const id = this.#nextId++;
    this.#peerById.set(id, to);
    this.#queue({ type: "errand", to, frame: { type: "offer", id, files } });
  }

  /** The person accepts an offer, or does not. */
  answer(from: PeerId, id: number, accepted: boolean): void {
    this.#queue({ type: "errand", to: from, frame: { type: "offer-answer", id, accepted } });
  }

  peerDown(peer: PeerId): void {
    this.#allowanceByPeer.delete(peer);
  }

  frame(peer: PeerId, frame: OfferFrame | OfferAnswerFrame, now: Time): void {
    if (frame.type === "offer") return this.#offered(peer, frame, now);
    if (this.#peerById.get(frame.id) !== peer)
      return this.#queue({ type: "refuse", peer, refusal: "bad-request" });
    this.#peerById.delete(frame.id);
    this.#queue(telling({ type: "offer-answered", by: peer, accepted: frame.accepted }));
  }

  #offered(from: PeerId, { id, files }: OfferFrame, now: Time): void {
    const allowance = this.#allowanceByPeer.get(from) ?? new Allowance(OFFERS_AT_ONCE, OFFERS_PER_SECOND);
    this.#allowanceByPeer.set(from, allowance);
    if (!allowance.spend(1, now))
      return this.#queue({ type: "refuse", peer: from, refusal: "too-many-requests" });
    this.#queue(telling({ type: "offer", from, id, files }));
  }
}
