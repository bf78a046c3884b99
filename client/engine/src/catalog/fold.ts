/** Text as search sees it: accents, case and apostrophes are removed, and the rest is split into words. */

/** Letters that NFKD leaves whole though people type them plain. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: "ss",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  æ: "ae",
  œ: "oe",
  ı: "i",
  ħ: "h",
  ŧ: "t",
  ς: "σ",
};
const PLAIN_LETTER = new RegExp(`[${Object.keys(PLAIN).join("")}]`, "g");
const MARK_OR_APOSTROPHE = /[\p{M}'’ʼ]/gu;
const ASCII_WITHOUT_APOSTROPHE = /^[\0-&(-\x7f]*$/;
/** Symbols such as emoji are words of their own, also where they touch letters. */
const WORD = /[\p{L}\p{N}]+|\p{So}+/gu;
const ASCII = /^[\0-\x7f]*$/;
/** The same in ASCII, and several times as fast. */
const ASCII_WORD = /[a-z0-9]+/g;
/** Letters alone: numbers with hyphens are dates and serial numbers, as many as there are files. */
const COMPOUND = /\p{L}+(?:[-\u2010]\p{L}+)+/gu;
const HYPHEN = /[-\u2010]/g;
/** Without the flag u, because places are counted in code units. */
const NOT_HYPHEN = /[^-\u2010]/g;
/** For text that is not folded yet: the other three (non-breaking, small and full-width) fold to the first two. */
const MAY_HAVE_HYPHEN = /[-\u2010\u2011\uFE63\uFF0D]/;

export const fold = (text: string): string => {
  if (ASCII_WITHOUT_APOSTROPHE.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(MARK_OR_APOSTROPHE, "")
    .replace(PLAIN_LETTER, (letter) => PLAIN[letter]!);
};

/** The folded words of a text, in order. */
export const wordsOf = (text: string): string[] => {
  const folded = fold(text);
  return folded.match(ASCII.test(folded) ? ASCII_WORD : WORD) ?? [];
};

/** Each group of words that hyphens join, as one word: "co-op" is also found as "coop". */
export const compoundsOf = (text: string): string[] =>
  MAY_HAVE_HYPHEN.test(text)
    ? (fold(text).match(COMPOUND) ?? []).map((compound) => compound.replace(HYPHEN, ""))
    : [];

/** A folded word and where each of its characters stands in the original text. */
export interface PlacedWord {
  readonly word: string;
  /** `begins[i]`, `ends[i]`: the original characters, [begin, end), that became `word[i]`. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** `wordsOf`, and then `compoundsOf`, with places in the original. Slower: meant for the few names that are shown. */
export const placedWordsOf = (text: string): PlacedWord[] => {
  let folded = "";
  const begins: number[] = [];
  const ends: number[] = [];
  let begin = 0;
  for (const character of text) {
    const end = begin + character.length;
    const plain = fold(character);
    // A combining mark folds to nothing and belongs to the letter before it.
    if (plain === "" && ends.length > 0) ends[ends.length - 1] = end;
    for (let i = 0; i < plain.length; i++) {
      begins.push(begin);
      ends.push(end);
    }
    folded += plain;
    begin = end;
  }
  return [...folded.matchAll(WORD), ...folded.matchAll(COMPOUND)].map(({ 0: found, index }) => {
    const letters = [...found.matchAll(NOT_HYPHEN)].map(({ index: at }) => index + at);
    return {
      word: found.replace(HYPHEN, ""),
      begins: letters.map((at) => begins[at]!),
      ends: letters.map((at) => ends[at]!),
    };
  });
};
