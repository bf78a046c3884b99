/**
 * The proof of a link, from the open channel until both sides are known to be who they say: each signs what it saw of
 * the connection (proof.ts), and nothing but a proof is accepted before the other side's is. PROTOCOL.md, rules P1 to
 * P3.
 *
 * It does not know what becomes of the link then: whether it stays, and what its frames mean, is decided in links.ts.
 */
import type { Frame, ProveFrame } from "../wire/frame.ts";
import type { Introduction, Place } from "./introductions.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import { proofText, type ProofEnd } from "./proof.ts";
import type { Refusal } from "../names/refusal.ts";

const PROVING_MS = 10_000;
/** Frames that may arrive between a proof and the end of its check. */
const MAX_WAITING_FRAMES = 256;

export interface ProvingContext {
  readonly me: PeerId;
  place(): Place | null;
  sign(bytes: Uint8Array, then: (signature: Uint8Array, now: Time) => void): void;
  verify(
    by: PeerId,
    bytes: Uint8Array,
    signature: Uint8Array,
    then: (valid: boolean, now: Time) => void,
  ): void;
  /** The link may end while a signature is made or checked. */
  isOver(): boolean;
  send(frame: ProveFrame): void;
  refuse(refusal: Refusal): void;
  /** Both have proven themselves. `waiting`: what the other side said since. */
  proven(waiting: readonly Frame[], now: Time): void;
}

/** Of both ends' certificates, as this side saw them; of a link through a friend, their keys. [Y3] */
export interface Fingerprints {
  readonly local: string;
  readonly remote: string;
}

export class Proving {
  /** When it is given up. */
  readonly until: Time;
  readonly #introduction: Introduction;
  /** Who the other side says it is. */
  readonly #peer: PeerId;
  readonly #fingerprints: Fingerprints;
  readonly #context: ProvingContext;
  readonly #waiting: Frame[] = [];
  #isMineSent = false;
  #theirs: "awaited" | "checking" | "valid" = "awaited";

  constructor(
    introduction: Introduction,
    peer: PeerId,
    fingerprints: Fingerprints,
    context: ProvingContext,
    now: Time,
  ) {
    this.until = now + PROVING_MS;
    this.#introduction = introduction;
    this.#peer = peer;
    this.#fingerprints = fingerprints;
    this.#context = context;
  }

  begin(place: Place): void {
    const [mine, theirs] = this.#ends(place);
    const text = proofText(place.tag, this.#introduction.session, mine, theirs);
    this.#context.sign(text, (signature, now) => {
      if (this.#context.isOver()) return;
      this.#context.send({ type: "prove", peer: this.#context.me, signature });
      this.#isMineSent = true;
      this.#endIfBoth(now);
    });
  }

  frame(frame: Frame): void {
    if (frame.type === "prove") return this.#check(frame);
    if (this.#theirs === "awaited" || this.#waiting.length >= MAX_WAITING_FRAMES)
      return this.#context.refuse("frame-before-proof");
    this.#waiting.push(frame);
  }

  #check({ peer, signature }: ProveFrame): void {
    if (this.#theirs !== "awaited") return this.#context.refuse("second-proof");
    const place = this.#context.place();
    if (peer !== this.#peer || !place) return this.#context.refuse("false-proof");
    this.#theirs = "checking";
    const [mine, theirs] = this.#ends(place);
    const text = proofText(place.tag, this.#introduction.session, theirs, mine);
    this.#context.verify(peer, text, signature, (valid, now) => {
      if (this.#context.isOver()) return;
      if (!valid) return this.#context.refuse("false-proof");
      this.#theirs = "valid";
      this.#endIfBoth(now);
    });
  }

  #endIfBoth(now: Time): void {
    if (this.#isMineSent && this.#theirs === "valid") this.#context.proven(this.#waiting, now);
  }

  #ends({ address }: Place): [mine: ProofEnd, theirs: ProofEnd] {
    const { local, remote } = this.#fingerprints;
    return [
      { address, peer: this.#context.me, fingerprint: local },
      { address: this.#introduction.address, peer: this.#peer, fingerprint: remote },
    ];
  }
}
