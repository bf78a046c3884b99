/** The events with which links tell the engine something, or ask something of it. */
import type { Address } from "@swapmeet/shared";
import type { OutputEffect, RefuseEffect, SendEffect, SignEffect, VerifyEffect } from "../io/effect.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Frame, IntroduceFrame, RelayFrame } from "../wire/frame.ts";

/** The frames that are for the links themselves. */
type LinkFrame = Extract<Frame, { readonly type: "prove" | "introduce" | "relay" | "ping" | "pong" }>;

export type LinksEvent =
  | OutputEffect
  | SendEffect<IntroduceFrame | RelayFrame>
  | RefuseEffect
  | SignEffect
  | VerifyEffect
  /** A link is proven. `calledUs`: the other side made the call. */
  | {
      readonly type: "peer-up";
      readonly peer: PeerId;
      readonly address: Address;
      readonly calledUs: boolean;
    }
  /** The peer's link has ended. `wasQuiet`: it owed an answer. */
  | { readonly type: "peer-down"; readonly peer: PeerId; readonly wasQuiet: boolean }
  /** A call failed: nobody is there, or something keeps the two apart. `wasSilent`: nobody answered at all. */
  | { readonly type: "dial-failed"; readonly address: Address; readonly wasSilent: boolean }
  /** A frame that is not for the links themselves. */
  | { readonly type: "frame"; readonly peer: PeerId; readonly frame: Exclude<Frame, LinkFrame> };

export type QueueOfLinks = (event: LinksEvent) => void;

/** Tells which peers may be nearer to an address. */
export interface WaysView {
  /** The peer that is reached there, as far as is known. */
  peerAt(address: Address): PeerId | null;
  /** The neighbour that its last word came from. */
  routeTo(peer: PeerId): PeerId | null;
  neighbors(): Iterable<PeerId>;
}

export interface LinksView extends WaysView {
  /** Whether a part wants the link to stay although nothing is said on it. */
  isNeeded(peer: PeerId): boolean;
}
