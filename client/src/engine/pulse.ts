/**
 * The pulse of a link that is proven: pings, whether the other side still answers, how fast, and whether the link is
 * still of use. PROTOCOL.md, rules W8 and I12.
 *
 * It does not know the link, nor what becomes of it: it says what is due, and links.ts does it.
 */
import type { Time } from "./io.ts";

const PING_EVERY_MS = 10_000;
/** A peer that answers nothing for this long is gone. A locked phone comes back by itself. */
const SILENT_AFTER_MS = 25_000;
/** A link that nobody needs ends: the next request for it may come soon. Guess. */
const IDLE_MS = 60_000;

/** What is due. Idle: for a minute nobody needed the link, and nothing but pings was said on it. */
export type Beat = "nothing" | "ping" | "silent" | "idle";

export class Pulse {
  readonly #isNeeded: () => boolean;
  #lastHeard: Time;
  #pingAt: Time;
  /** Of the first ping that is not answered. */
  #pingSentAt: Time | null = null;
  #rttMs: number | null = null;
  /** More than pings was said since the last ping. */
  #isUsed = false;
  #idleSince: Time | null = null;

  /** `isNeeded`: somebody wants the link to stay although nothing is said on it. */
  constructor(isNeeded: () => boolean, now: Time) {
    this.#isNeeded = isNeeded;
    this.#lastHeard = now;
    this.#pingAt = now;
  }

  /** Until the last pong came; null: none has. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** When a beat is due. */
  get deadline(): Time {
    return Math.min(this.#pingAt, this.#silentSince + SILENT_AFTER_MS);
  }

  /** A frame came, whatever it says. */
  heard(now: Time): void {
    this.#lastHeard = now;
  }

  /** More than a ping went or came. */
  used(): void {
    this.#isUsed = true;
  }

  pong(now: Time): void {
    if (this.#pingSentAt !== null) this.#rttMs = now - this.#pingSentAt;
    this.#pingSentAt = null;
  }

  /** Before the deadline: nothing. A ping that is due is counted as sent. */
  beat(now: Time): Beat {
    if (now >= this.#silentSince + SILENT_AFTER_MS) return "silent";
    if (now < this.#pingAt) return "nothing";
    if (this.#isIdle(now)) return "idle";
    this.#pingAt = now + PING_EVERY_MS;
    this.#pingSentAt ??= now;
    return "ping";
  }

  /** Infinity: it owes no answer. */
  get #silentSince(): Time {
    return this.#pingSentAt === null ? Infinity : Math.max(this.#pingSentAt, this.#lastHeard);
  }

  #isIdle(now: Time): boolean {
    if (this.#isUsed || this.#isNeeded()) this.#idleSince = null;
    else this.#idleSince ??= now;
    this.#isUsed = false;
    return this.#idleSince !== null && now - this.#idleSince >= IDLE_MS;
  }
}
