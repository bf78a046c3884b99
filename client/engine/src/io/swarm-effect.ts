/** The effects that the swarm asks for: its own outputs and frames, and refusals. */
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import type { SwarmFrame } from "../wire/frame.ts";
import type { SwarmOutput } from "./io.ts";

export type SwarmEffect =
  | { readonly type: "output"; readonly output: SwarmOutput }
  /** A control frame to a linked peer. */
  | { readonly type: "send"; readonly to: PeerId; readonly frame: SwarmFrame }
  /** To be counted. A peer that earned a hostile one is to be disconnected; it is no source any more. */
  | { readonly type: "refuse"; readonly peer: PeerId; readonly refusal: Refusal };
