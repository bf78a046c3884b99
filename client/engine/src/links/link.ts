/**
 * A link: one attempt at a connection, and the connection itself while it lasts. It has three stages: introducing
 * (envelopes, see introductions.ts), proving (the channel is open, see proving.ts), proven (see pulse.ts). The time
 * after which an attempt is given up is not part of PROTOCOL.md.
 *
 * It does not move from one stage to the next by itself, nor end by itself: links.ts does both.
 */
import type { FrameAllowances } from "./frame-allowances.ts";
import type { Introduction } from "./introductions.ts";
import type { LinkId, Route } from "../io/io.ts";
import type { Time } from "../base/time.ts";
import type { Proving } from "./proving.ts";
import type { Pulse } from "./pulse.ts";

/** From the first envelope to an open channel. ICE gives up after about 15 s by itself. */
const INTRODUCING_MS = 20_000;
/** Nobody answers, neither through the server nor through peers: the other one has left. Guess. */
const UNANSWERED_MS = 12_000;

export interface Link {
  readonly id: LinkId;
  readonly introduction: Introduction;
  /** Whether the link goes through a friend. [Y2] */
  readonly isRelayed: boolean;
  /** Whether the other side has named an ICE candidate. */
  isReachable: boolean;
  /** How the connection travels; nothing decides by it. */
  route: Route;
  stage: Stage;
}

export type Stage =
  | { readonly type: "introducing"; readonly since: Time }
  | { readonly type: "proving"; readonly proving: Proving }
  | { readonly type: "proven"; readonly pulse: Pulse; readonly allowances: FrameAllowances };

/** When an unproven link is given up, or when the next beat of a proven one is due. */
export const deadlineOf = ({ stage, introduction }: Link): Time => {
  switch (stage.type) {
    case "introducing":
      return stage.since + (introduction.unanswered ? UNANSWERED_MS : INTRODUCING_MS);
    case "proving":
      return stage.proving.until;
    case "proven":
      return stage.pulse.deadline;
  }
};
