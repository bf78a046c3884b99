/**
 * The effects that many parts of the engine ask for. No part calls another: it queues events, and the engine drains the
 * queue in order and routes each event to the parts that it concerns. Events of one part lie beside that part.
 */
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import type { Frame, SwarmFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { Notice, Output, SwarmOutput } from "./io.ts";

/** The host is to do something. */
export interface OutputEffect<Done extends Output = Output> {
  readonly type: "output";
  readonly output: Done;
}

/** Sends a frame to a linked peer; for another it has no effect. A frame that came may be given as its bytes. */
export interface SendEffect<Sent extends Frame | Uint8Array = Frame | Uint8Array> {
  readonly type: "send";
  readonly to: PeerId;
  readonly frame: Sent;
}

/** Counts a refusal. If only a hostile peer can cause it, the peer's link ends once the input is handled. */
export interface RefuseEffect {
  readonly type: "refuse";
  readonly peer: PeerId;
  readonly refusal: Refusal;
}

/** Counts a refusal that is not held against the peer, because it passes on bytes of others. [W3b] */
export interface PassOverEffect {
  readonly type: "pass-over";
  readonly peer: PeerId;
  readonly refusal: Refusal;
}

/** `then` is called from the input that brings the signature, while no other part runs. */
export interface SignEffect {
  readonly type: "sign";
  readonly bytes: Uint8Array;
  readonly then: (signature: Uint8Array, now: Time) => void;
}

/** `then`: as in SignEffect. */
export interface VerifyEffect {
  readonly type: "verify";
  readonly by: PeerId;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly then: (isValid: boolean, now: Time) => void;
}

/** Opens a box with the own secret key, which the engine does not hold. `then`: as in SignEffect; null: it failed. */
export interface OpenMessageEffect {
  readonly type: "open-message";
  readonly from: PeerId;
  readonly id: number;
  readonly box: Uint8Array;
  readonly then: (text: string | null, now: Time) => void;
}

/** Work that an output begins and a later input answers. */
export type JobEffect = SignEffect | VerifyEffect | OpenMessageEffect;

/** The effects that the swarm asks for: its own outputs and frames, and refusals. */
export type SwarmEffect = OutputEffect<SwarmOutput> | SendEffect<SwarmFrame> | RefuseEffect;

/** The effect that tells the person something once. */
export const telling = (notice: Notice): OutputEffect<Output & { type: "notice" }> => ({
  type: "output",
  output: { type: "notice", notice },
});
