/**
 * The pulse of a link that is proven: pings, whether the other side still answers, how fast, and whether the link is
 * still of use. PROTOCOL.md, rules W8 and I12.
 *
 * It does not know the link, nor what becomes of it: it says what is due, and links.ts does it.
 */
import type { Time } from "../base/time.ts";

const PING_EVERY_MS = 10_000;
/** Or as soon as nothing was heard for so long: at rest both sides ping in turn, and a silence is short. */
const PING_IN_SILENCE_MS = 5_000;
/** A bit more than that from one ping to the next: it is the other side's turn. */
const LEAST_BETWEEN_PINGS_MS = 6_000;
/** A ping that is not answered for so long is shown. A slow phone network takes 1 to 2 s. Guess. */
const QUIET_AFTER_MS = 3_000;
/** And the link has ended. A locked phone comes back by itself; browsers end its links themselves after about as long. */
const SILENT_AFTER_MS = 15_000;
/** After a sleep as long as that the other side has given up: a link that stands answers at once. Guess. */
const SILENT_AFTER_SLEEP_MS = 4_000;
/** A link that nobody needs ends: the next request for it may come soon. Guess. */
const IDLE_MS = 60_000;

/** What is due. Quiet: an answer is owed, which is told once. Idle: for a minute nobody needed the link, and nothing but pings was said on it. */
export type Beat = "nothing" | "ping" | "quiet" | "silent" | "idle";

export class Pulse {
  readonly #isNeeded: () => boolean;
  #lastHeard: Time;
  #pingAt: Time;
  /** Of the first ping that is not answered. */
  #pingSentAt: Time | null = null;
  #rttMs: number | null = null;
  #isQuietTold = false;
  #patienceMs = SILENT_AFTER_MS;
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
    const quietAt = this.#isQuietTold ? Infinity : this.#silentSince + QUIET_AFTER_MS;
    return Math.min(this.#pingDueAt, quietAt, this.#silentSince + this.#patienceMs);
  }

  /** It owes an answer, and has said nothing for too long. */
  isQuiet(now: Time): boolean {
    return now >= this.#silentSince + QUIET_AFTER_MS;
  }

  /** A frame came, whatever it says. */
  heard(now: Time): void {
    this.#lastHeard = now;
    this.#isQuietTold = false;
    this.#patienceMs = SILENT_AFTER_MS;
  }

  /** This device slept: nothing is owed from before, and whether the other side is still there is asked at once. */
  woke(sleptMs: number, now: Time): void {
    this.heard(now);
    if (sleptMs >= SILENT_AFTER_MS) this.#patienceMs = SILENT_AFTER_SLEEP_MS;
    this.#pingSentAt = null;
    this.#pingAt = now;
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
    if (now >= this.#silentSince + this.#patienceMs) return "silent";
    if (!this.#isQuietTold && this.isQuiet(now)) {
      this.#isQuietTold = true;
      return "quiet";
    }
    if (now < this.#pingDueAt) return "nothing";
    if (this.#isIdle(now)) return "idle";
    this.#pingAt = now + PING_EVERY_MS;
    this.#pingSentAt ??= now;
    return "ping";
  }

  get #pingDueAt(): Time {
    if (this.#pingSentAt !== null) return this.#pingAt;
    const mayPingAt = this.#pingAt - PING_EVERY_MS + LEAST_BETWEEN_PINGS_MS;
    return Math.min(this.#pingAt, Math.max(mayPingAt, this.#lastHeard + PING_IN_SILENCE_MS));
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
