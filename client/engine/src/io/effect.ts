/** What a part of the engine wants done, whichever part it is. */
import type { Frame } from "../wire/frame.ts";
import type { Output } from "./io.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";

export type Effect =
  | { type: "output"; output: Output }
  | { type: "send"; to: PeerId; frame: Frame }
  | { type: "refuse"; peer: PeerId; refusal: Refusal };
