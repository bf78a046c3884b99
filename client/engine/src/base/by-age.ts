/** Keys in order of their times. If all wait equally long, they fall due in this order: only the first is read. */
import type { Time } from "./time.ts";

export class ByAge<Key> {
  readonly #timeByKey = new Map<Key, Time>();

  has(key: Key): boolean {
    return this.#timeByKey.has(key);
  }

  timeOf(key: Key): Time | null {
    return this.#timeByKey.get(key) ?? null;
  }

  /** `time` must not be earlier than any time that is here. */
  add(key: Key, time: Time): void {
    this.#timeByKey.delete(key);
    this.#timeByKey.set(key, time);
  }

  delete(key: Key): boolean {
    return this.#timeByKey.delete(key);
  }

  /** Infinity when there is none. Not cheap enough for every input: it walks over the holes that deleted keys left. */
  oldest(): Time {
    for (const time of this.#timeByKey.values()) return time;
    return Infinity;
  }

  /** Takes out all keys whose time is `time` or earlier. */
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
