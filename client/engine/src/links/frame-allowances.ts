/**
 * How many frames of each type a linked peer may send at once, and how many more a second. All these allowances are
 * here, and each frame on a proven link is charged before it has any effect. PROTOCOL.md, rules W3a and W3b.
 *
 * It does not know what frames mean. Where a rule bounds a type more closely, by the cost of an answer, that rule
 * is kept where the answer is made, and stands beside the type in the table of PROTOCOL.md.
 */
import { Allowance } from "../base/allowance.ts";
import type { Frame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { Refusal } from "../names/refusal.ts";

export type Beyond =
  /** The frame has no effect, and is held against the link. */
  | "dropped"
  /** The frame has no effect. Its sender passes on frames that others began, and is not blamed. */
  | "passed over"
  /** The link ends: frames of this type may not be lost, and no honest peer sends so many. */
  | "hostile"
  /** The link ends: a proof is sent once, before everything else. [P3] */
  | "second proof";

export interface FrameAllowance {
  readonly atOnce: number;
  readonly perSecond: number;
  readonly beyond: Beyond;
}

const to = (atOnce: number, perSecond: number, beyond: Beyond): FrameAllowance => ({
  atOnce,
  perSecond,
  beyond,
});

/**
 * Each allowance is more than an honest peer can need. The rate is the fastest of such a peer. The amount at once is
 * what gathers in the 40 s that a page may stand still before its link ends [W8], or more for a newcomer.
 */
export const FRAME_ALLOWANCES: Readonly<Record<Frame["type"], FrameAllowance>> = {
  prove: to(0, 0, "second proof"),
  // Gossip, which can repair losses: a newcomer hears of everyone, and every post of every board is a batch.
  heads: to(8_192, 64, "dropped"),
  wants: to(8_192, 512, "dropped"),
  answered: to(8_192, 512, "dropped"),
  batch: to(262_144, 4_096, "passed over"),
  summary: to(256, 8, "dropped"),
  eager: to(8_192, 256, "dropped"),
  fork: to(2_048, 32, "passed over"),
  // 128 files of several pieces a second: interest in each begins and ends, and is answered. 512 pieces a second, each
  // told by itself, are more than a browser stores.
  interest: to(8_192, 256, "dropped"),
  bitfield: to(4_096, 128, "dropped"),
  have: to(8_192, 512, "dropped"),
  "layer-request": to(4_096, 128, "dropped"),
  layer: to(4_096, 128, "dropped"),
  "leaves-request": to(1_024, 64, "dropped"),
  leaves: to(2_048, 128, "dropped"),
  // A thousand small files a second, and before that as many as a folder holds; full blocks at 256 MiB/s.
  request: to(32_768, 1_024, "hostile"),
  cancel: to(32_768, 1_024, "hostile"),
  reject: to(32_768, 1_024, "hostile"),
  block: to(16_384, 4_096, "hostile"),
  queue: to(64, 2, "dropped"),
  "fetch-ended": to(32_768, 1_024, "dropped"),
  withheld: to(256, 8, "dropped"),
  offer: to(64, 1, "dropped"),
  "offer-answer": to(256, 1, "dropped"),
  neighbor: to(64, 2, "dropped"),
  "neighbor-answer": to(64, 2, "dropped"),
  disconnect: to(64, 2, "dropped"),
  shuffle: to(64, 2, "passed over"),
  "shuffle-reply": to(64, 2, "dropped"),
  suspect: to(8_192, 16, "passed over"),
  // A courier takes 128 at once and 16 a second [I11] from each of its 48 links.
  introduce: to(8_192, 1_024, "hostile"),
  // Through one friend, eight links that are in full use.
  relay: to(8_192, 1_024, "passed over"),
  message: to(256, 8, "dropped"),
  "message-received": to(256, 8, "dropped"),
  ping: to(64, 2, "dropped"),
  pong: to(64, 2, "dropped"),
};

/** Refusals that a peer causes by its own bytes; more are a flood. A later version may send unknown frames. Guess. */
export const OFFENCES: FrameAllowance = to(2_048, 64, "hostile");

/** Refusals that no peer can cause by passing on bytes of others. */
const OWN_OFFENCES: ReadonlySet<Refusal> = new Set<Refusal>([
  "unknown-frame",
  "unrequested-block",
  "unrequested-layer",
  "bad-request",
  "too-many-requests",
  "too-many-messages",
  "unreadable-message",
]);

/** The allowances of one link. */
export class FrameAllowances {
  readonly #allowanceByType = new Map<Frame["type"], Allowance>();
  readonly #offences = new Allowance(OFFENCES.atOnce, OFFENCES.perSecond);

  /** Charges a frame. Null: it may come in. Otherwise it has no effect. */
  spend(type: Frame["type"], now: Time): Beyond | null {
    const { atOnce, perSecond, beyond } = FRAME_ALLOWANCES[type];
    let allowance = this.#allowanceByType.get(type);
    if (!allowance) this.#allowanceByType.set(type, (allowance = new Allowance(atOnce, perSecond)));
    return allowance.spend(1, now) ? null : beyond;
  }

  /** Counts a refusal. False: the peer has caused more of them than a race or a later version explains. */
  offend(refusal: Refusal, now: Time): boolean {
    return !OWN_OFFENCES.has(refusal) || this.#offences.spend(1, now);
  }
}
