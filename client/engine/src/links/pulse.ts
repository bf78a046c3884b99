/**
 * The pulse of a proven link: it pings, measures whether and how fast the other side answers, and whether the link is
 * still needed. PROTOCOL.md, rules W8 and I12.
 *
 * It does not know the link itself: it says what is due, and links.ts does it.
 */
import type { Time } from "../base/time.ts";

const PING_EVERY_MS = 10_000;
/** A ping is also due when nothing was heard for so long: at rest both sides ping in turn, so silences are short. */
const PING_IN_SILENCE_MS = 5_000;
/** From one ping to the next it is a bit longer than that, so that it is the other side's turn. */
const LEAST_BETWEEN_PINGS_MS = 6_000;
/** A ping that is not answered for so long is shown. A slow phone network takes 1 to 2 s. Guess. */
const QUIET_AFTER_MS = 3_000;
/** The link ends after so long. A locked phone calls again; browsers themselves end links after about as long. */
const SILENT_AFTER_MS = 15_000;
/** After such a sleep the other side may have ended the link; one that still works answers at once. Guess. */
const SILENT_AFTER_SLEEP_MS = 4_000;
/** A link that nobody needs ends: the next request for it may come soon. Guess. */
const IDLE_MS = 60_000;

/** The thing that is due. "quiet": an answer is owed; told once. "idle": for a minute only pings were said. */
export type Beat = "nothing" | "ping" | "quiet" | "silent" | "idle";

export class Pulse {
  readonly #isNeeded: () => boolean;
  #lastHeard: Time;
  #pingAt: Time;
  /** When the first unanswered ping was sent. */
  #pingSentAt: Time | null = null;
  #rttMs: number | null = null;
  #isQuietTold = false;
  #patienceMs = SILENT_AFTER_MS;
  /** Whether other frames than pings were said since the last ping. */
  #isUsed = false;
  #idleSince: Time | null = null;

  /** `isNeeded`: whether a part wants the link to stay although nothing is said on it. */
  constructor(isNeeded: () => boolean, now: Time) {
    this.#isNeeded = isNeeded;
    this.#lastHeard = now;
    this.#pingAt = now;
  }

  /** From the last answered ping to its pong; null: no pong has come. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** When a beat is due. */
  get deadline(): Time {
    const quietAt = this.#isQuietTold ? Infinity : this.#silentSince + QUIET_AFTER_MS;
    return Math.min(this.#pingDueAt, quietAt, this.#silentSince + this.#patienceMs);
  }

  /** Whether the other side owes an answer and has said nothing for too long. */
  isQuiet(now: Time): boolean {
    return now >= this.#silentSince + QUIET_AFTER_MS;
  }

  /** A frame came, whatever it says. */
  heard(now: Time): void {
    this.#lastHeard = now;
    this.#isQuietTold = false;
    this.#patienceMs = SILENT_AFTER_MS;
  }

  /** This device slept: no answer is owed from before, and a ping is due at once. */
  woke(sleptMs: number, now: Time): void {
    this.heard(now);
    if (sleptMs >= SILENT_AFTER_MS) this.#patienceMs = SILENT_AFTER_SLEEP_MS;
    this.#pingSentAt = null;
    this.#pingAt = now;
  }

  /** A frame other than a ping or pong went or came. */
  used(): void {
    this.#isUsed = true;
  }

  pong(now: Time): void {
    if (this.#pingSentAt !== null) this.#rttMs = now - this.#pingSentAt;
    this.#pingSentAt = null;
  }

  /** The beat that is due now; before the deadline "nothing". A ping that is due counts as sent. */
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

  /** Since when the other side has owed an answer in silence; Infinity: it owes none. */
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
