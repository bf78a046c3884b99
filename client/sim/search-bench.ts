/**
 * Time per keystroke of the room's search, beside the obvious way (fold and look into every row, every time).
 * `npx tsx client/sim/search-bench.ts [rows]` prints one line of JSON.
 */
import { argv } from "node:process";
import type { FileId } from "../src/engine/file-id.ts";
import { fold, wordsOf } from "../src/engine/fold.ts";
import type { PeerId } from "../src/engine/peer-id.ts";
import { SearchIndex, type Searchable } from "../src/engine/search.ts";
import type { SearchQuery } from "../src/engine/view.ts";

const ROWS = 100_000;
const SESSIONS = 60;
/** The naive way is timed on every so many-th keystroke, fewer with more rows: it is slow, and steady. */
const naiveEvery = (rows: number): number => Math.ceil((8 * rows) / ROWS);

interface SearchFigures {
  readonly rows: number;
  readonly keystrokes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly naiveP50Ms: number;
  readonly naiveP99Ms: number;
  readonly indexMs: number;
}

/** Numbers from 0 to 1, the same in each run (mulberry32). */
const dice = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** A library like people's: music by artist and album, photographs by date, papers, series, code. */
const library = (count: number, random: () => number): Searchable[] => {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const number = (below: number, digits: number): string =>
    String(Math.floor(random() * below)).padStart(digits, "0");
  const onsets = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
  ];
  const vowels = ["a", "e", "i", "o", "u", "ä", "é", "ó", "ø", "ü", "ai", "ou"];
  const syllable = (): string =>
    pick(onsets) + pick(vowels) + (random() < 0.4 ? pick(["n", "r", "s", "l"]) : "");
  const word = (): string => Array.from({ length: 1 + Math.floor(random() * 3) }, syllable).join("");
  const words = Array.from({ length: Math.max(2000, count / 8) }, word);
  /** Some words are everywhere, most are rare. */
  const common = (): string => words[Math.floor(random() ** 3 * words.length)]!;
  const title = (most: number): string =>
    Array.from({ length: 1 + Math.floor(random() * most) }, common)
      .map((w) => w[0]!.toUpperCase() + w.slice(1))
      .join(" ");
  const artists = Array.from({ length: Math.max(50, count / 200) }, () => title(3));
  const peers = Array.from({ length: 30 }, (_, i) => String(i).padStart(64, "0") as PeerId);
  const makers: readonly (() => readonly [folder: string, name: string])[] = [
    () => {
      const artist = pick(artists);
      return [
        `Music/${artist}/${title(3)}`,
        `${number(20, 2)} - ${artist} - ${title(5)}.${pick(["mp3", "flac"])}`,
      ];
    },
    () => [
      `Photos/20${number(25, 2)}`,
      `IMG_20${number(25, 2)}${number(12, 2)}${number(28, 2)}_${number(1_000_000, 6)}.jpg`,
    ],
    () => ["Papers", `${title(1)} et al. (20${number(25, 2)}) ${title(9)}.pdf`],
    () => [`Video/${title(2)}`, `${title(3)} S${number(9, 2)}E${number(24, 2)} 1080p.mkv`],
    () => [`code/${common()}/src`, `${common()}_${common()}.${pick(["ts", "py", "zip"])}`],
  ];
  return Array.from({ length: count }, (_, i): Searchable => {
    const [folder, name] = pick(makers)();
    const sources = new Set(Array.from({ length: 1 + Math.floor(random() ** 4 * 8) }, () => pick(peers)));
    const file = `${i.toString(16).padStart(64, "0")}-${i}` as FileId;
    return { file, name, folder, length: i, sources, mine: false, otherNames: [] };
  });
};

/** What somebody has in the search box, keystroke after keystroke: words of a real row, sometimes mistyped. */
const typing = (rows: readonly Searchable[], random: () => number): string[] => {
  const row = rows[Math.floor(random() * rows.length)]!;
  const words = `${row.name} ${row.folder}`.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const chosen = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const word = words[Math.floor(random() * words.length)]!;
    const at = Math.floor(random() * word.length);
    const kind = random();
    if (kind < 0.1) return word.slice(0, at) + word.slice(at + 1); // a letter missing
    if (kind < 0.2) return `${word.slice(0, at)}x${word.slice(at)}`; // one too many
    if (kind < 0.3)
      return word.slice(0, at) + [...word.slice(at, at + 2)].reverse().join("") + word.slice(at + 2);
    return kind < 0.6 ? word.normalize("NFKD").replace(/\p{M}/gu, "") : word;
  });
  const text = chosen.join(" ");
  const typed = Array.from(text, (_, i) => text.slice(0, i + 1));
  const back = typed.slice(-1 - Math.floor(random() * 5), -1).reverse();
  return ["", ...typed, ...back, text];
};

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const benchSearch = (count: number): SearchFigures => {
  const random = dice(1);
  const rows = library(count, random);
  const begin = performance.now();
  const index = new SearchIndex();
  for (const row of rows) index.add(row);
  const indexMs = performance.now() - begin;

  const ask = (text: string): SearchQuery => {
    const anything = { kind: null, minBytes: 0, maxBytes: Number.MAX_SAFE_INTEGER, of: null };
    return { text, ...anything, limit: 200 };
  };
  const naive = (text: string): number => {
    const words = wordsOf(text);
    return rows.filter((row) => {
      const haystack = fold(`${row.name} ${row.folder}`);
      return words.every((word) => haystack.includes(word));
    }).length;
  };
  index.query(ask("")); // The first query of all also sorts the words.

  const times: number[] = [];
  const naiveTimes: number[] = [];
  for (let session = 0; session < SESSIONS; session++)
    for (const text of typing(rows, random)) {
      const start = performance.now();
      const found = index.query(ask(text));
      times.push(performance.now() - start);
      if (times.length % naiveEvery(count) !== 0) continue;
      const naiveStart = performance.now();
      const expected = naive(text);
      naiveTimes.push(performance.now() - naiveStart);
      if (found.total < expected) throw new Error(`"${text}": ${found.total} found, ${expected} are there`);
    }
  times.sort((a, b) => a - b);
  naiveTimes.sort((a, b) => a - b);
  return {
    rows: count,
    keystrokes: times.length,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    maxMs: times.at(-1)!,
    naiveP50Ms: percentile(naiveTimes, 0.5),
    naiveP99Ms: percentile(naiveTimes, 0.99),
    indexMs,
  };
};

console.log(JSON.stringify(benchSearch(argv[2] === undefined ? ROWS : Number(argv[2]))));
