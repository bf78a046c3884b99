/** Milliseconds of a monotonic clock: the engine's own (awake-clock.ts), or at its door the host's. */
export type Time = number;

/** The first of those that are set, or null. */
export const earliest = (...times: readonly (Time | null)[]): Time | null =>
  times.reduce((first, time) => (first === null || (time !== null && time < first) ? time : first), null);
