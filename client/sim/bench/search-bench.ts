/**
 * Time per keystroke of the room's search, beside the obvious way (fold and look into every row, every time).
 * `npx tsx client/sim/bench/search-bench.ts [rows]` prints one line of JSON.
 */
import { argv } from "node:process";
import type { FileId } from "@swapmeet/engine/names/file-id";
import { fold, wordsOf } from "@swapmeet/engine/catalog/fold";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { SearchIndex, type Searchable } from "@swapmeet/engine/catalog/search";
import type { SearchQuery } from "@swapmeet/engine/io/view";
import { inventFiles, inventTyping, type InventedFile } from "../../testing/invented-files.ts";
import { SeededRandom } from "../../testing/random.ts";

const ROWS = 100_000;
const SESSIONS = 60;
/** The naive way is timed on one of so many keystrokes, on fewer with more rows, because it is slow and steady. */
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

/** Some files have one source, a few have many. */
const sourced = ({ name, folder }: InventedFile, i: number, random: SeededRandom): Searchable => {
  const sources = new Set(
    Array.from({ length: 1 + Math.floor(random.next() ** 4 * 8) }, () => PEERS[random.below(30)]!),
  );
  const file = `${i.toString(16).padStart(64, "0")}-${i}` as FileId;
  const offers = [...sources].map((author) => ({ author, folder }));
  return { file, name, folder, length: i, offers, mine: false, otherFolders: [] };
};
const PEERS = Array.from({ length: 30 }, (_, i) => String(i).padStart(64, "0") as PeerId);

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const benchSearch = (count: number): SearchFigures => {
  const random = new SeededRandom(1);
  const rows = inventFiles(count, random).map((file, i) => sourced(file, i, random));
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
    for (const text of inventTyping(rows, random)) {
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
