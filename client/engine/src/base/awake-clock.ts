/**
 * Time as the engine counts it: how long this device was awake since the engine's first input. PROTOCOL.md, K1 to K3.
 *
 * A timer that comes late tells that nothing ran here meanwhile: the device slept, or the tab was frozen or kept busy.
 * In that time no answer could be heard, so it counts in no deadline.
 */
import type { Time } from "./time.ts";

/** Background tabs are ticked once a second, and a busy page is late by about as much. Guess. */
const LATE_MS = 3_000;

export class AwakeClock {
  /** The host's time when this one showed 0. It moves on with every sleep. */
  #beginning: Time | null = null;
  #now: Time = 0;
  /** When the engine asked to be called next; null: it has not asked since it was called last. */
  #due: Time | null = null;

  get now(): Time {
    return this.#now;
  }

  /** The engine is called. @returns how long this device slept before. */
  wake(hostNow: Time): number {
    this.#beginning ??= hostNow;
    const due = this.#due ?? Infinity;
    const isDue = hostNow >= due + this.#beginning;
    const lateMs = isDue ? hostNow - this.#beginning - Math.max(this.#now, due) : 0;
    const sleptMs = lateMs >= LATE_MS ? lateMs : 0;
    this.#beginning += sleptMs;
    const read = hostNow - this.#beginning;
    this.#now = isDue ? Math.max(read, due) : read; // not before `due`, whatever rounding errors say
    this.#due = null;
    return sleptMs;
  }

  /** The engine asks to be called at this time of its own. @returns the host's. */
  expect(due: Time | null): Time | null {
    this.#due = due;
    return due === null ? null : due + (this.#beginning ?? 0);
  }
}
