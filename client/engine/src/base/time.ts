/** Milliseconds of a monotonic clock: the engine's own (awake-clock.ts), or at its door the host's. */
export type Time = number;
