/**
 * The proof of a link, from the open channel until both sides have proven their peer ids. Each signs what it saw of the
 * connection (proof.ts), and accepts no other frame before the other side's proof. PROTOCOL.md, rules P1 to P3.
 *
 * It names the bytes that are to be signed and checked, but does neither. It does not know what becomes of the link:
 * links.ts decides that.
 */
import type { Address } from "@swapmeet/shared";
import type { Frame, ProveFrame } from "../wire/frame.ts";
import type { Introduction, Membership } from "./introductions.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import { proofText, type ProofEnd } from "./sealed/proof.ts";
import type { Refusal } from "../names/refusal.ts";

const PROVING_MS = 10_000;
/** Frames that may arrive between a proof and the end of its check. */
const MAX_WAITING_FRAMES = 256;

/** The next step after a frame. */
export type ProvingStep =
  | { readonly type: "nothing" }
  | { readonly type: "refuse"; readonly refusal: Refusal }
  /** Check that the other side's signature fits these bytes. */
  | { readonly type: "check"; readonly bytes: Uint8Array; readonly signature: Uint8Array };

/** The fingerprints of both ends' certificates, as this side saw them; for a link through a friend, their keys. [Y3] */
export interface Fingerprints {
  readonly local: string;
  readonly remote: string;
}

export class Proving {
  /** When the proof is given up. */
  readonly until: Time;
  readonly #introduction: Introduction;
  /** The peer that the other side says it is. */
  readonly #peer: PeerId;
  readonly #fingerprints: Fingerprints;
  readonly #me: PeerId;
  readonly #waiting: Frame[] = [];
  #isMineSent = false;
  #theirs: "awaited" | "checking" | "valid" = "awaited";

  constructor(me: PeerId, introduction: Introduction, peer: PeerId, fingerprints: Fingerprints, now: Time) {
    this.#me = me;
    this.until = now + PROVING_MS;
    this.#introduction = introduction;
    this.#peer = peer;
    this.#fingerprints = fingerprints;
  }

  /** Whether both sides have proven themselves. */
  get isDone(): boolean {
    return this.#isMineSent && this.#theirs === "valid";
  }

  /** Frames that the other side sent since its proof. */
  get waiting(): readonly Frame[] {
    return this.#waiting;
  }

  /** The bytes that this side is to sign. */
  textOf({ tag, address }: Membership): Uint8Array {
    const [mine, theirs] = this.#ends(address);
    return proofText(tag, this.#introduction.session, mine, theirs);
  }

  /** @returns the frame to send. */
  signed(signature: Uint8Array): ProveFrame {
    this.#isMineSent = true;
    return { type: "prove", peer: this.#me, signature };
  }

  frame(frame: Frame, membership: Membership | null): ProvingStep {
    if (frame.type === "prove") return this.#check(frame, membership);
    if (this.#theirs === "awaited" || this.#waiting.length >= MAX_WAITING_FRAMES)
      return { type: "refuse", refusal: "frame-before-proof" };
    this.#waiting.push(frame);
    return { type: "nothing" };
  }

  /** The other side's signature is valid. */
  checked(): void {
    this.#theirs = "valid";
  }

  #check({ peer, signature }: ProveFrame, membership: Membership | null): ProvingStep {
    if (this.#theirs !== "awaited") return { type: "refuse", refusal: "second-proof" };
    if (peer !== this.#peer || !membership) return { type: "refuse", refusal: "false-proof" };
    this.#theirs = "checking";
    const [mine, theirs] = this.#ends(membership.address);
    const bytes = proofText(membership.tag, this.#introduction.session, theirs, mine);
    return { type: "check", bytes, signature };
  }

  #ends(address: Address): [mine: ProofEnd, theirs: ProofEnd] {
    const { local, remote } = this.#fingerprints;
    return [
      { address, peer: this.#me, fingerprint: local },
      { address: this.#introduction.address, peer: this.#peer, fingerprint: remote },
    ];
  }
}
