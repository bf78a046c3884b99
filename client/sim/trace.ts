/** A digest of all that happened: equal for runs that did the same, in the same order and at the same times. */
import type { Time } from "./world.ts";

export class Trace {
  readonly #numberByWord = new Map<string, number>();
  readonly #float = new Float64Array(1);
  readonly #halves = new Uint32Array(this.#float.buffer);
  #a = 0x811c_9dc5;
  #b = 0x9e37_79b9;

  add(at: Time, ...words: readonly (string | number)[]): void {
    this.#mix(at);
    for (const word of words) this.#mix(typeof word === "number" ? word : this.#numberOf(word));
  }

  get digest(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #numberOf(word: string): number {
    const known = this.#numberByWord.get(word);
    if (known !== undefined) return known;
    this.#numberByWord.set(word, this.#numberByWord.size);
    return this.#numberByWord.size - 1;
  }

  /** Two different steps like those of FNV-1a in words of 32 bits; each also gets the state of the other. */
  #mix(number: number): void {
    this.#float[0] = number;
    for (const half of this.#halves) {
      this.#a = Math.imul(this.#a ^ half ^ (this.#b >>> 15), 0x0100_0193);
      this.#b = Math.imul(this.#b ^ half ^ (this.#a >>> 13), 0x85eb_ca6b);
    }
  }
}
