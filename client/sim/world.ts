/**
 * Sleepers on a virtual clock. Events run one by one in the order of their times; those of one time run in the order in
 * which they were planned. Nothing here is random and nothing waits, so a run depends only on the planned events.
 */
export type Time = number;

/** An object with a deadline. */
export interface Sleeper {
  tick(now: Time): void;
  nextDeadline(): Time | null;
}

interface Event {
  readonly at: Time;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  #now: Time = 0;
  #planned = 0;
  readonly #heap: Event[] = [];
  readonly #wakeAtBySleeper = new Map<Sleeper, Time>();

  get now(): Time {
    return this.#now;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#now + delayMs, run);
  }

  at(at: Time, run: () => void): void {
    this.#push({ at, order: this.#planned++, run });
  }

  /** To be called after anything that may have moved the sleeper's deadline. */
  watch(sleeper: Sleeper): void {
    const deadline = sleeper.nextDeadline();
    if (deadline === null || (this.#wakeAtBySleeper.get(sleeper) ?? Infinity) <= deadline) return;
    const wakeAt = Math.max(deadline, this.#now);
    this.#wakeAtBySleeper.set(sleeper, wakeAt);
    this.at(wakeAt, () => {
      if (this.#wakeAtBySleeper.get(sleeper) !== wakeAt) return;
      this.#wakeAtBySleeper.delete(sleeper);
      if ((sleeper.nextDeadline() ?? Infinity) <= this.#now) sleeper.tick(this.#now);
      this.watch(sleeper);
    });
  }

  /** Runs until `isDone`, or until it is `untilMs`. @returns whether it is done. */
  run(isDone: () => boolean, untilMs: Time): boolean {
    while (!isDone()) {
      const event = this.#heap[0];
      if (!event || event.at > untilMs) {
        this.#now = untilMs;
        return false;
      }
      this.#pop();
      this.#now = event.at;
      event.run();
    }
    return true;
  }

  #push(event: Event): void {
    let at = this.#heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, this.#heap[parent]!)) break;
      this.#heap[at] = this.#heap[parent]!;
      at = parent;
    }
    this.#heap[at] = event;
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!isBefore(this.#heap[child]!, last)) break;
      this.#heap[at] = this.#heap[child]!;
      at = child;
    }
    this.#heap[at] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
