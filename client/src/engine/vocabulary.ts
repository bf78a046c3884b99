/**
 * Every different word of the catalog, once, with a number. A hundred thousand names are made of far fewer words, so
 * what is slow (substrings, typing errors, natural order) is done on words, and rows compare numbers.
 */

/** How well a word of the catalog answers a word that was typed. */
export const NO_MATCH = 0;
export const FUZZY = 1;
export const SUBSTRING = 2;
export const PREFIX = 3;
export type Match = typeof NO_MATCH | typeof FUZZY | typeof SUBSTRING | typeof PREFIX;

/** Shorter words are one typing error away from too much. */
const MIN_FUZZY_LETTERS = 4;

export const mayBeMistyped = (typed: string): boolean => typed.length >= MIN_FUZZY_LETTERS;

export const matchOf = (typed: string, word: string, fuzzy: boolean): Match => {
  const at = word.indexOf(typed);
  if (at === 0) return PREFIX;
  if (at > 0) return SUBSTRING;
  return fuzzy && mayBeMistyped(typed) && isOneEditFromPrefix(typed, word) ? FUZZY : NO_MATCH;
};

/** One letter wrong, missing, too many, or two neighbours swapped (Damerau), against any beginning of `word`. */
const isOneEditFromPrefix = (typed: string, word: string): boolean => {
  let i = 0;
  while (typed[i] === word[i]) i++;
  const rest = typed.slice(i + 1);
  return (
    word.startsWith(rest, i + 1) ||
    word.startsWith(rest, i) ||
    word.startsWith(typed.slice(i), i + 1) ||
    (typed[i] === word[i + 1] && typed[i + 1] === word[i] && word.startsWith(typed.slice(i + 2), i + 2))
  );
};

export class Vocabulary {
  /** Number 0 is no word: it separates the names of one row. */
  readonly #words: string[] = [""];
  readonly #numberByWord = new Map<string, number>();
  readonly #letters: number[] = [0];
  readonly #orderKeys: string[] = [""];
  /** Numbers in natural order, of all words when last asked. */
  #order: number[] = [0];
  #ranks = new Uint32Array(1);

  get size(): number {
    return this.#words.length;
  }

  /** The word's number; a new one for a new word. */
  intern(word: string): number {
    let number = this.#numberByWord.get(word);
    if (number === undefined) {
      number = this.#words.push(word) - 1;
      this.#numberByWord.set(word, number);
      this.#letters.push(lettersOf(word));
      this.#orderKeys.push(orderKeyOf(word));
    }
    return number;
  }

  word(number: number): string {
    return this.#words[number]!;
  }

  /** The number of a word that is here, else undefined. */
  find(word: string): number | undefined {
    return this.#numberByWord.get(word);
  }

  /** For each word, by its number, how well it answers `typed`. */
  match(typed: string, fuzzy: boolean): Uint8Array {
    const letters = lettersOf(typed);
    const matches = new Uint8Array(this.#words.length);
    for (let number = 1; number < matches.length; number++) {
      const missing = letters & ~this.#letters[number]!;
      // One edit brings in at most one letter that the word does not have.
      if (missing === 0 || (fuzzy && (missing & (missing - 1)) === 0))
        matches[number] = matchOf(typed, this.#words[number]!, fuzzy);
    }
    return matches;
  }

  /** For each word, by its number, its place in natural order ("2" before "10"; "02" beside "2"). */
  ranks(): Uint32Array {
    if (this.#ranks.length === this.#words.length) return this.#ranks;
    for (let number = this.#order.length; number < this.#words.length; number++) this.#order.push(number);
    const keys = this.#orderKeys;
    const compare = (a: number, b: number): number =>
      keys[a] === keys[b] ? 0 : keys[a]! < keys[b]! ? -1 : 1;
    // The old words are one sorted run already, and the sort (TimSort) makes use of that.
    this.#order.sort(compare);
    this.#ranks = new Uint32Array(this.#words.length);
    let rank = 0;
    this.#order.forEach((number, i) => {
      if (i > 0 && compare(this.#order[i - 1]!, number) !== 0) rank++;
      this.#ranks[number] = rank;
    });
    return this.#ranks;
  }
}

/** One bit for each letter or digit that occurs, several sharing a bit: what is missing here is missing in the word. */
const lettersOf = (word: string): number => {
  let bits = 0;
  for (let i = 0; i < word.length; i++) bits |= 1 << (word.charCodeAt(i) & 31);
  return bits;
};

/** Longer runs of digits all count as of this length. */
const MAX_ORDERED_DIGITS = 40;

/** A text that sorts by code units as people count: each run of digits is preceded by its length. */
const orderKeyOf = (word: string): string =>
  word.replace(/[0-9]+/g, (run) => {
    const digits = run.replace(/^0+(?=.)/, "");
    return String.fromCharCode(0x2f + Math.min(digits.length, MAX_ORDERED_DIGITS)) + digits;
  });
