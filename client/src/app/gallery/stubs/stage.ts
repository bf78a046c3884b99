/** The base of the stubs of all areas. */
import type { PostId } from "@swapmeet/engine/names/post-id";

/** The facts as they stand; commands that only look like ones change them. */
export class Stage<Facts> {
  #now: Facts;
  readonly #listeners = new Set<() => void>();

  constructor(facts: Facts) {
    this.#now = facts;
  }

  get now(): Facts {
    return this.#now;
  }

  change(facts: Partial<Facts>): void {
    this.#now = { ...this.#now, ...facts };
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const freshId = (): PostId =>
  Array.from({ length: 64 }, () => Math.floor(Math.random() * 16).toString(16)).join("") as PostId;
