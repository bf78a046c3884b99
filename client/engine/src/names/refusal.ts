/** Everything that a peer can say and be refused for, by name: counted, shown, and tested under these names. */
export type Refusal =
  // envelopes: whoever altered them, it need not be the peer they name
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
 * Refusals that only a hostile (or broken beyond use) peer can earn: the link is closed and the peer is not dialled
 * again in this room. The others can be the fruit of a race or of a newer version, and are only counted.
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
