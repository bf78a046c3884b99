/**
 * For each word of the catalog, the rows that it is in. So the rows of a few words are looked up, where a walk over all
 * rows would look at every word of every row. The postings are made in one go, from all rows as they are then.
 */
import type { Matches } from "./vocabulary.ts";

export class Postings {
  /** The rows of word n are `#slots` from `#begins[n]` to `#begins[n + 1]`. */
  readonly #begins: Uint32Array;
  readonly #slots: Uint32Array;

  /** `runs`: the words of all rows, each row's from `begins[slot]` to `ends[slot]`. */
  constructor(words: number, rows: number, begins: Uint32Array, ends: Uint32Array, runs: Uint32Array) {
    const places = new Uint32Array(words + 1);
    let length = 0;
    for (let slot = 0; slot < rows; slot++)
      for (let at = begins[slot]!; at < ends[slot]!; at++, length++) places[runs[at]! + 1]!++;
    for (let word = 0; word < words; word++) places[word + 1]! += places[word]!;
    this.#begins = places.slice();
    this.#slots = new Uint32Array(length);
    for (let slot = 0; slot < rows; slot++)
      for (let at = begins[slot]!; at < ends[slot]!; at++) this.#slots[places[runs[at]!]!++] = slot;
  }

  /** The words that are known here: those that came later are in none of these rows. */
  get #words(): number {
    return this.#begins.length - 1;
  }

  /** How many rows have one of these words; a row that has several counts for each. */
  count({ numbers }: Matches): number {
    const begins = this.#begins;
    let count = 0;
    for (let i = 0; i < numbers.length && numbers[i]! < this.#words; i++)
      count += begins[numbers[i]! + 1]! - begins[numbers[i]!]!;
    return count;
  }

  /** Notes for each row that has one of these words how well the best of them matches. */
  grade({ numbers, table }: Matches, grades: Uint8Array): void {
    const begins = this.#begins;
    const slots = this.#slots;
    for (let i = 0; i < numbers.length && numbers[i]! < this.#words; i++) {
      const number = numbers[i]!;
      const match = table[number]!;
      const end = begins[number + 1]!;
      for (let at = begins[number]!; at < end; at++) {
        const slot = slots[at]!;
        if (match > grades[slot]!) grades[slot] = match;
      }
    }
  }
}
