/**
 * Answers the wants of neighbours from the feeds kept here, with as much at a time as a link can bear. PROTOCOL.md,
 * rule E11.
 */
import { Allowance } from "../base/allowance.ts";
import type { FeedName } from "../feed/batch.ts";
import type { Feed } from "../feed/feed.ts";
import type { WantsFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { QueueOfGossip } from "./events.ts";

/** The size of one answer: it fills a link for about its delay, and leaves room for everything else. Guess. */
const ANSWER_BYTES = 1024 * 1024;
/** Sent to one peer at once, and more each second: all that a newcomer without another neighbour could want. */
const BYTES_AT_ONCE = 256 * 1024 * 1024;
const BYTES_PER_SECOND = 1024 * 1024;
/** An answer waits until so much may be sent: a smaller one would cost as much to ask for. */
const LEAST_ANSWER_BYTES = 128 * 1024;
/** A neighbour sends one `wants` at a time, and besides them some that look for the beginning of a lie. */
const MAX_WAITING = 4;

interface Asker {
  readonly allowance: Allowance;
  readonly waiting: WantsFrame[];
  /** When the first of the waiting frames can be answered. */
  wakeAt: Time;
}

export interface AnswersView {
  feed(name: FeedName): Feed | null;
}

export class Answers {
  readonly #queue: QueueOfGossip;
  readonly #view: AnswersView;
  readonly #askerById = new Map<PeerId, Asker>();

  constructor(queue: QueueOfGossip, view: AnswersView) {
    this.#queue = queue;
    this.#view = view;
  }

  want(peer: PeerId, frame: WantsFrame, now: Time): void {
    let asker = this.#askerById.get(peer);
    if (!asker) {
      asker = { allowance: new Allowance(BYTES_AT_ONCE, BYTES_PER_SECOND), waiting: [], wakeAt: Infinity };
      this.#askerById.set(peer, asker);
    }
    if (asker.waiting.length >= MAX_WAITING)
      return this.#queue({ type: "refuse", peer, refusal: "too-many-requests" });
    asker.waiting.push(frame);
    this.#serve(peer, asker, now);
  }

  peerDown(peer: PeerId): void {
    this.#askerById.delete(peer);
  }

  tick(now: Time): void {
    for (const [peer, asker] of this.#askerById) if (now >= asker.wakeAt) this.#serve(peer, asker, now);
  }

  nextDeadline(): Time {
    let next = Infinity;
    for (const { wakeAt } of this.#askerById.values()) next = Math.min(next, wakeAt);
    return next;
  }

  #serve(peer: PeerId, asker: Asker, now: Time): void {
    const { allowance, waiting } = asker;
    while (waiting.length > 0 && allowance.readyAt(LEAST_ANSWER_BYTES, now) <= now) {
      const { id, wants } = waiting.shift()!;
      const count = this.#answer(peer, allowance, wants, now);
      this.#queue({ type: "send", to: peer, frame: { type: "answered", id, count } });
    }
    asker.wakeAt = waiting.length > 0 ? allowance.readyAt(LEAST_ANSWER_BYTES, now) : Infinity;
  }

  /** Sends what the allowance permits. Returns how many of the wants are dealt with. */
  #answer(peer: PeerId, allowance: Allowance, wants: WantsFrame["wants"], now: Time): number {
    let bytesLeft = ANSWER_BYTES;
    for (const [count, { from, batches, ...name }] of wants.entries()) {
      for (const { bytes } of this.#view.feed(name)?.some(from, batches) ?? []) {
        if (bytesLeft <= 0 || !allowance.spend(bytes.length, now)) return count;
        bytesLeft -= bytes.length;
        this.#queue({ type: "send", to: peer, frame: bytes });
      }
    }
    return wants.length;
  }
}
