/** Inputs for decoders: changed good ones, and nonsense; each follows from a seed and nothing else. */
import { SeededRandom } from "../../testing/random.ts";

export type FuzzInput = Uint8Array | string;

/** The number of inputs in ten that are changed good ones; the others are random from end to end. */
const MUTANTS_OF_TEN = 9;
const MAX_CHANGES = 6;
const MAX_RANDOM_LENGTH = 300;

/** Where parsers slip: ends of ranges, and CBOR heads that promise a lot. */
const AWKWARD_BYTES = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x1b, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5a, 0xff, 0xff, 0xff, 0xff],
  [0x5f, 0x41, 0x00, 0xff],
  [0x7a, 0x00, 0x01, 0x00, 0x00],
  [0x62, 0xc3, 0x28],
  [0x9a, 0xff, 0xff, 0xff, 0xff],
  [0x9f],
  [0xa1, 0x69, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f, 0x80],
  [0xba, 0xff, 0xff, 0xff, 0xff],
  [0xc2, 0x49, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xd8, 0x20],
  [0xf6],
  [0xf7],
  [0xf9, 0x7e, 0x00],
  [0xfb, 0x7f, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
].map((bytes) => Uint8Array.from(bytes));

const AWKWARD_TEXTS = [
  "",
  "\0",
  "\n",
  "\u202e",
  "\ud800",
  "\udc00",
  "\uffff",
  "ﬃ",
  "İ",
  "ß",
  "e\u0301",
  "👩‍👩‍👧‍👦",
  "日本語",
  "%",
  "%00",
  "%E0%A4%A",
  "#",
  "/",
  "//",
  "\\",
  '"',
  "'",
  "{",
  "}",
  "[",
  "]",
  "[]",
  "{}",
  ":",
  ",",
  "null",
  "true",
  "-0",
  "1e999",
  "-1",
  "0.1",
  "9007199254740993",
  "__proto__",
  '{"__proto__":null}',
  "constructor",
  "toString",
  "a".repeat(1_000),
  "[".repeat(1_000),
  "-".repeat(300),
];

/** Input number `index` of this seed. */
export const inputAt = <Input extends FuzzInput>(
  corpus: readonly Input[],
  seed: number,
  index: number,
): Input => {
  const random = new SeededRandom(Math.imul(seed, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b));
  const good = pick(random, corpus);
  const other = pick(random, corpus);
  return (
    typeof good === "string"
      ? fuzzedText(random, good, other as string)
      : fuzzedBytes(random, good, other as Uint8Array)
  ) as Input;
};

const fuzzedBytes = (random: SeededRandom, good: Uint8Array, other: Uint8Array): Uint8Array => {
  if (random.below(10) >= MUTANTS_OF_TEN) return random.bytes(random.below(MAX_RANDOM_LENGTH));
  let bytes: Uint8Array = Uint8Array.from(good);
  for (let changes = 1 + random.below(MAX_CHANGES); changes > 0; changes--)
    bytes = changedBytes(random, bytes, other);
  return bytes;
};

const changedBytes = (random: SeededRandom, bytes: Uint8Array, other: Uint8Array): Uint8Array => {
  const at = random.below(bytes.length + 1);
  // Mostly short pieces, because the first bytes decide most.
  const end = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? 400 : 8));
  switch (random.below(7)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 2:
      return joined(bytes.subarray(0, at), pick(random, AWKWARD_BYTES), bytes.subarray(end));
    case 3:
      return joined(bytes.subarray(0, at), pick(random, AWKWARD_BYTES), bytes.subarray(at));
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    case 5:
      return joined(bytes.subarray(0, end), bytes.subarray(at));
    default:
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
  }
};

const fuzzedText = (random: SeededRandom, good: string, other: string): string => {
  if (random.below(10) >= MUTANTS_OF_TEN)
    return Array.from({ length: random.below(MAX_RANDOM_LENGTH) }, () =>
      String.fromCharCode(random.below(random.below(4) === 0 ? 0x1_0000 : 0x80)),
    ).join("");
  let text = good;
  for (let changes = 1 + random.below(MAX_CHANGES); changes > 0; changes--)
    text = changedText(random, text, other);
  return text;
};

/** Half of the changes fall on whole words and marks, so that JSON stays JSON often enough to be looked into. */
const changedText = (random: SeededRandom, text: string, other: string): string => {
  const parts = random.below(2) === 0 ? wordsOf(text) : text === "" ? [""] : [...text];
  const at = random.below(parts.length + 1);
  switch (random.below(6)) {
    case 0:
      return parts.with(at % parts.length, pick(random, AWKWARD_TEXTS)).join("");
    case 1:
      return parts.toSpliced(at, 0, pick(random, AWKWARD_TEXTS)).join("");
    case 2:
      return parts.toSpliced(at, 1 + random.below(3)).join("");
    case 3:
      return parts.toSpliced(at, 0, ...parts.slice(at, at + 1 + random.below(20))).join("");
    case 4:
      return parts.toSpliced(at, 1, pick(random, wordsOf(other))).join("");
    default:
      return parts.toSpliced(at, 1, String.fromCharCode(random.below(0x100))).join("");
  }
};

/** Never none. */
const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu) ?? [""];

const pick = <Item>(random: SeededRandom, items: readonly Item[]): Item => items[random.below(items.length)]!;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};
