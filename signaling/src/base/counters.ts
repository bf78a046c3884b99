/** Counts of all that this process relayed and refused since it started: numbers only, so that anybody may see them. */
const REFUSALS = [
  "bad-request",
  "room-full",
  "too-fast",
  "unavailable",
  "internal",
  "slow-reader",
  "flood",
  "oversize",
  "foreign-origin",
  "unknown-host",
  "unknown-address",
  "too-many-connections",
  "draining",
] as const;

/** The reason why something was not done, by name. [J6] */
export type Refusal = (typeof REFUSALS)[number];

export interface Counters {
  readonly relayed: { messages: number; bytes: number };
  readonly refused: Record<Refusal, number>;
  /** Connections whose origin is not known, by the proxy that is to blame. [J8c] [J8d] */
  readonly proxies: { silent: number; undeclared: number };
  readonly stun: { answered: number; ignored: number };
}

export function createCounters(): Counters {
  return {
    relayed: { messages: 0, bytes: 0 },
    refused: Object.fromEntries(REFUSALS.map((reason) => [reason, 0])) as Record<Refusal, number>,
    proxies: { silent: 0, undeclared: 0 },
    stun: { answered: 0, ignored: 0 },
  };
}
