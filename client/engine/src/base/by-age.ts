/** Keys in the order of their times. Who all wait equally long are due in that order: only the first is looked at. */
import type { Time } from "./time.ts";

export class ByAge<Key> {
  readonly #timeByKey = new Map<Key, Time>();

  has(key: Key): boolean {
    return this.#timeByKey.has(key);
  }

  timeOf(key: Key): Time | null {
    return this.#timeByKey.get(key) ?? null;
  }

  /** `time` is not before any that is here. */
  add(key: Key, time: Time): void {
    this.#timeByKey.delete(key);
    this.#timeByKey.set(key, time);
  }

  delete(key: Key): boolean {
    return this.#timeByKey.delete(key);
  }

  /** Infinity when there is none. Not for every input: holes of what was deleted are walked over. */
  oldest(): Time {
    for (const time of this.#timeByKey.values()) return time;
    return Infinity;
  }

  /** Takes out all of `time` and before. */
  takeUntil(time: Time): [key: Key, time: Time][] {
    const taken: [Key, Time][] = [];
    for (const entry of this.#timeByKey) {
      if (entry[1] > time) break;
      taken.push(entry);
    }
    for (const [key] of taken) this.#timeByKey.delete(key);
    return taken;
  }
}
