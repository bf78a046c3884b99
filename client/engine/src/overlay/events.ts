/** The events with which the overlay tells the engine something, or asks something of it. */
import type { Address } from "@swapmeet/shared";
import type { OutputEffect, PassOverEffect, SendEffect } from "../io/effect.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { OverlayFrame } from "../wire/frame.ts";

export type OverlayEvent =
  /** The server is asked for members. */
  | OutputEffect
  | SendEffect<OverlayFrame>
  | PassOverEffect
  /** An introduction is to begin. When it can't, `notDialled` is called. */
  | { readonly type: "dial"; readonly address: Address; readonly for: "neighbor" }
  | { readonly type: "neighbor-up"; readonly peer: PeerId }
  | { readonly type: "neighbor-down"; readonly peer: PeerId };

export type QueueOfOverlay = (event: OverlayEvent) => void;
