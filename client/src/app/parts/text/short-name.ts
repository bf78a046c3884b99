/** A name without enough room loses its middle: its beginning and its ending, with the extension, tell the most. */

/** So wide is the ending, extension included, where a small Latin letter is 1. Guess. */
const ENDING_WIDTH = 12;
/** A name this short gains nothing from being cut in two. Guess. */
const LEAST_BEGINNING_CHARACTERS = 8;

/** Marks that belong to the letter before them: no part begins with one, and they take no room. */
const JOINED = /[\p{M}\p{Emoji_Modifier}\u200d]/u;
const JOINER = "\u200d";
const CAPITAL = /\p{Lu}/u;
const NARROW = /[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Common}]/u;
/** Letters of these scripts that are broad all the same: pictures, and punctuation between ideographs. */
const BROAD = /[\p{Extended_Pictographic}\u3000-\u303f\uff01-\uff60]/u;

const widthOfLetter = (letter: string): number => {
  if (JOINED.test(letter)) return 0;
  if (!NARROW.test(letter) || BROAD.test(letter)) return 2;
  return CAPITAL.test(letter) ? 1.5 : 1;
};

/** About the room that a text takes on a line; 1 is a small Latin letter. */
export const widthOf = (text: string): number =>
  [...text].reduce((width, letter) => width + widthOfLetter(letter), 0);

/** Where the ending begins, in UTF-16 units; the name's length where it is not to be parted. */
export const endingOf = (name: string): number => {
  const letters = [...name];
  let at = letters.length;
  for (let room = ENDING_WIDTH; at > 0; at--) {
    room -= widthOfLetter(letters[at - 1]!);
    if (room < 0) break;
  }
  while (at < letters.length && (JOINED.test(letters[at]!) || letters[at - 1] === JOINER)) at++;
  return at < LEAST_BEGINNING_CHARACTERS ? name.length : letters.slice(0, at).join("").length;
};

/** For a sentence: at most so many characters, with an ellipsis for the middle. */
export const shortened = (name: string, characters = 60): string => {
  const letters = [...name];
  if (letters.length <= characters) return name;
  const ending = name.slice(endingOf(name));
  return `${letters.slice(0, characters - 1 - [...ending].length).join("")}…${ending}`;
};
