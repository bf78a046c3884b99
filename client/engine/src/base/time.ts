/** Milliseconds of a monotonic clock: the engine's own (awake-clock.ts), or the host's where it calls the engine. */
export type Time = number;

/** The earliest of the times that are not null, or null. */
export const earliest = (...times: readonly (Time | null)[]): Time | null =>
  times.reduce((first, time) => (first === null || (time !== null && time < first) ? time : first), null);
