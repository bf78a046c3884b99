/**
 * Every different word of the catalog, once, with a number. A hundred thousand names are made of far fewer words, so
 * the slow work (substrings, typing errors, natural order) is done on words, and rows compare numbers.
 */

/** How well a word of the catalog answers a word that was typed. */
export const NO_MATCH = 0;
export const FUZZY = 1;
export const SUBSTRING = 2;
export const PREFIX = 3;
export type Match = typeof NO_MATCH | typeof FUZZY | typeof SUBSTRING | typeof PREFIX;

/** Shorter words are not corrected: too many others are one typing error away from them. */
const MIN_FUZZY_LETTERS = 4;

export const mayBeMistyped = (typed: string): boolean => typed.length >= MIN_FUZZY_LETTERS;

export const matchOf = (typed: string, word: string, fuzzy: boolean): Match =>
  matchIn(codesOf(word), 0, word.length, codesOf(typed), fuzzy && mayBeMistyped(typed));

const codesOf = (word: string): Uint16Array =>
  Uint16Array.from({ length: word.length }, (_, i) => word.charCodeAt(i));

/** How well the text from `begin` to `end` matches. It allocates nothing: it runs for every word of the catalog. */
const matchIn = (
  text: Uint16Array,
  begin: number,
  end: number,
  typed: Uint16Array,
  fuzzy: boolean,
): Match => {
  if (goesOn(text, begin, end, typed, 0)) return PREFIX;
  for (let at = begin + 1; at + typed.length <= end; at++)
    if (goesOn(text, at, end, typed, 0)) return SUBSTRING;
  return fuzzy && isOneEditFromPrefix(text, begin, end, typed) ? FUZZY : NO_MATCH;
};

/** One letter wrong, missing, too many, or two neighbours swapped (Damerau), against any beginning of the word. */
const isOneEditFromPrefix = (text: Uint16Array, begin: number, end: number, typed: Uint16Array): boolean => {
  let i = 0;
  while (begin + i < end && text[begin + i] === typed[i]) i++;
  const at = begin + i;
  return (
    goesOn(text, at + 1, end, typed, i + 1) ||
    goesOn(text, at, end, typed, i + 1) ||
    goesOn(text, at + 1, end, typed, i) ||
    (at + 1 < end &&
      text[at + 1] === typed[i] &&
      text[at] === typed[i + 1] &&
      goesOn(text, at + 2, end, typed, i + 2))
  );
};

/** Whether the text at `at` goes on as what was typed does from `from` on. */
const goesOn = (text: Uint16Array, at: number, end: number, typed: Uint16Array, from: number): boolean => {
  for (; from < typed.length; at++, from++) if (at >= end || text[at] !== typed[from]) return false;
  return true;
};

/** The words that answer one typed word. */
export interface Matches {
  /** By number: how well. */
  readonly table: Uint8Array;
  /** The numbers of the words that match, in ascending order. */
  readonly numbers: Uint32Array;
}

interface KeptMatches extends Matches {
  readonly typed: string;
  readonly fuzzy: boolean;
}

/** Matches of words that were typed a moment ago are kept, more than one query has words: see `match`. */
const KEPT_MATCHES = 16;

export class Vocabulary {
  /** Number 0 is no word: it separates the names of one row. */
  readonly #words: string[] = [""];
  readonly #numberByWord = new Map<string, number>();
  /** Keys of the words: their order by code units is the words' natural order. */
  readonly #orderKeys: string[] = [""];
  /** How each order key begins, as a number: most words are told apart by that. */
  #beginnings = new Float64Array(64);
  #letters = new Uint32Array(64);
  /** All words end to end, once more: the strings lie all over memory, and to load each costs more than to compare. */
  #text = new Uint16Array(512);
  /** Where each word begins in `#text`, and where the last one ends. */
  #places = new Uint32Array(64);
  /** Room for the words that a match finds. */
  #numbers = new Uint32Array(64);
  /** Kept matches among the words that are here now; the most recently used is the last. */
  readonly #matches: KeptMatches[] = [];

  get size(): number {
    return this.#words.length;
  }

  /** The word's number; a new one for a new word. */
  intern(word: string): number {
    return this.#numberByWord.get(word) ?? this.#add(word);
  }

  word(number: number): string {
    return this.#words[number]!;
  }

  /** The number of a word that is here, else undefined. */
  find(word: string): number | undefined {
    return this.#numberByWord.get(word);
  }

  /**
   * A longer typed text only matches words that matched before: a keystroke rarely looks at all of them. The answer
   * stays valid until `KEPT_MATCHES` others were asked for.
   */
  match(typed: string, mayBeFuzzy: boolean): Matches {
    const fuzzy = mayBeFuzzy && mayBeMistyped(typed);
    const same = this.#matches.findIndex((known) => known.fuzzy === fuzzy && known.typed === typed);
    if (same >= 0) {
      const [known] = this.#matches.splice(same, 1) as [KeptMatches];
      this.#matches.push(known);
      return known;
    }
    const before = this.#matches.findLast(
      (known) => known.fuzzy === fuzzy && narrows(typed, known.typed, fuzzy),
    );
    const table = this.#emptyTable();
    if (this.#numbers.length < this.size) this.#numbers = new Uint32Array(this.#letters.length);
    const numbers = this.#numbers;
    const candidates = before?.numbers.length ?? this.size;
    const letters = lettersOf(typed);
    const codes = codesOf(typed);
    const places = this.#places;
    let count = 0;
    for (let i = 0; i < candidates; i++) {
      const number = before ? before.numbers[i]! : i;
      const missing = letters & ~this.#letters[number]!;
      // One edit brings in at most one letter that the word does not have.
      if (missing !== 0 && !(fuzzy && (missing & (missing - 1)) === 0)) continue;
      const match = matchIn(this.#text, places[number]!, places[number + 1]!, codes, fuzzy);
      if (match === NO_MATCH || number === 0) continue;
      table[number] = match;
      numbers[count++] = number;
    }
    const matches = { typed, fuzzy, table, numbers: numbers.slice(0, count) };
    this.#matches.push(matches);
    return matches;
  }

  /** Reuses the table of the oldest match at the limit: a new one for every keystroke would be much garbage. */
  #emptyTable(): Uint8Array {
    const oldest = this.#matches.length === KEPT_MATCHES ? this.#matches.shift() : null;
    if (!oldest) return new Uint8Array(this.size);
    for (const number of oldest.numbers) oldest.table[number] = NO_MATCH;
    return oldest.table;
  }

  /** Natural order of two words, by their numbers: "2" before "10", and "02" beside "2". */
  compare(a: number, b: number): number {
    const difference = this.#beginnings[a]! - this.#beginnings[b]!;
    if (difference !== 0 || a === b) return difference;
    const [keyA, keyB] = [this.#orderKeys[a]!, this.#orderKeys[b]!];
    return keyA === keyB ? 0 : keyA < keyB ? -1 : 1;
  }

  #add(word: string): number {
    const number = this.#words.push(word) - 1;
    if (number + 1 >= this.#letters.length) {
      this.#letters = grown(this.#letters, Uint32Array);
      this.#beginnings = grown(this.#beginnings, Float64Array);
      this.#places = grown(this.#places, Uint32Array);
    }
    const begin = this.#places[number]!;
    this.#places[number + 1] = begin + word.length;
    while (begin + word.length > this.#text.length) this.#text = grown(this.#text, Uint16Array);
    for (let i = 0; i < word.length; i++) this.#text[begin + i] = word.charCodeAt(i);
    const key = orderKeyOf(word);
    this.#numberByWord.set(word, number);
    this.#letters[number] = lettersOf(word);
    this.#orderKeys.push(key);
    this.#beginnings[number] = beginningOf(key);
    this.#matches.length = 0;
    return number;
  }
}

/** Whether every word that matches `typed` also matches `before`. */
export const narrows = (typed: string, before: string, fuzzy: boolean): boolean =>
  // A word that is one edit away from the whole typed text is so from its first part too, but not from its middle.
  fuzzy ? typed === before || (mayBeMistyped(before) && typed.startsWith(before)) : typed.includes(before);

/** One bit for each letter or digit that occurs; several share a bit. A bit of 0 means that none of them occurs. */
const lettersOf = (word: string): number => {
  let bits = 0;
  for (let i = 0; i < word.length; i++) bits |= 1 << (word.charCodeAt(i) & 31);
  return bits;
};

/** Longer runs of digits all count as of this length. */
const MAX_ORDERED_DIGITS = 40;

/** A text whose order by code units is the natural one: each run of digits is preceded by its length. */
const orderKeyOf = (word: string): string =>
  word.replace(/[0-9]+/g, (run) => {
    const digits = run.replace(/^0+(?=.)/, "");
    return String.fromCharCode(0x2f + Math.min(digits.length, MAX_ORDERED_DIGITS)) + digits;
  });

/** A double holds so many bytes exactly. */
const BEGINNING_LENGTH = 6;
const LAST_BYTE = 0xff;

/** A number that sorts as the beginning of the key does; it ends at the first character that is more than a byte. */
const beginningOf = (key: string): number => {
  let beginning = 0;
  let end = key.length;
  for (let i = 0; i < BEGINNING_LENGTH; i++) {
    const code: number = i < end ? key.charCodeAt(i) : 0;
    if (code >= LAST_BYTE) end = i;
    beginning = beginning * 0x100 + Math.min(code, LAST_BYTE);
  }
  return beginning;
};

/** A copy that is twice as long. */
export const grown = <Column extends { readonly length: number; set(from: Column): void }>(
  old: Column,
  Kind: new (length: number) => Column,
): Column => {
  const larger = new Kind(old.length * 2);
  larger.set(old);
  return larger;
};
