/** A map that keeps its order, the oldest key first, and forgets the oldest beyond `limit` keys. */
export class Bounded<Key, Value> {
  readonly #limit: number;
  readonly #valueByKey = new Map<Key, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#valueByKey.size;
  }

  has(key: Key): boolean {
    return this.#valueByKey.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#valueByKey.get(key);
  }

  /** The key is the latest now, whether it was here or not. @returns the key that was forgotten for it */
  set(key: Key, value: Value): Key | null {
    this.#valueByKey.delete(key);
    this.#valueByKey.set(key, value);
    if (this.#valueByKey.size <= this.#limit) return null;
    const [oldest] = this.#valueByKey.keys() as Iterable<Key> as [Key];
    this.#valueByKey.delete(oldest);
    return oldest;
  }

  delete(key: Key): boolean {
    return this.#valueByKey.delete(key);
  }

  clear(): void {
    this.#valueByKey.clear();
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#valueByKey[Symbol.iterator]();
  }

  values(): IterableIterator<Value> {
    return this.#valueByKey.values();
  }
}

/** The same for keys without values. */
export class BoundedSet<Key> {
  readonly #keys: Bounded<Key, true>;

  constructor(limit: number) {
    this.#keys = new Bounded(limit);
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  /** The key is the latest now, whether it was here or not. @returns the key that was forgotten for it */
  add(key: Key): Key | null {
    return this.#keys.set(key, true);
  }

  delete(key: Key): boolean {
    return this.#keys.delete(key);
  }
}
