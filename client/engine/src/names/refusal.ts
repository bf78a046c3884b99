/** The names of all reasons for which a peer's bytes are refused. Refusals are counted, shown and tested by name. */
export type Refusal =
  // envelopes: the one who altered them need not be the peer that they name
  | "malformed-envelope"
  | "forged-envelope"
  | "replayed-envelope"
  | "reordered-envelope"
  | "stale-envelope"
  | "too-many-introductions"
  // the bytes
  | "oversize-frame"
  | "malformed-frame"
  | "unknown-frame"
  // the proof
  | "frame-before-proof"
  | "false-proof"
  | "second-proof"
  // feeds
  | "false-entry"
  | "oversize-entry"
  | "too-many-entries"
  | "false-fork"
  | "author-flood"
  // swarm
  | "wrong-block"
  | "wrong-layer"
  | "wrong-leaves"
  | "wrong-length"
  | "unrequested-block"
  | "unrequested-layer"
  | "bad-request"
  | "too-many-requests"
  | "flood"
  // direct messages
  | "too-many-messages"
  | "unreadable-message";

/**
 * Refusals that only a hostile (or hopelessly broken) peer can cause: the link is closed and the peer is not called
 * again in this room. The others can come from a race or a newer version, and are only counted.
 */
const HOSTILE: ReadonlySet<Refusal> = new Set<Refusal>([
  "oversize-frame",
  "malformed-frame",
  "frame-before-proof",
  "false-proof",
  "second-proof",
  "false-entry",
  "oversize-entry",
  "false-fork",
  "wrong-block",
  "wrong-layer",
  "wrong-leaves",
  "wrong-length",
  "flood",
]);

export const isHostile = (refusal: Refusal): boolean => HOSTILE.has(refusal);
