/**
 * Search over everything that the room offers: local, instant, as one types.
 *
 * Each row is a run of word numbers: the words of its name, of its folder, of its other folders, and the compounds that
 * hyphens join. A query looks at every different word once. It takes the rows of the rarest from the postings, or,
 * while the typing goes on, those that matched before, and walks them with a table lookup per word. Only the rows that
 * are shown are sorted. The search knows nothing of peers, feeds or time.
 */
import type { FileId } from "../names/file-id.ts";
import { compoundsOf, placedWordsOf, wordsOf } from "./fold.ts";
import { KINDS, kindOf } from "../names/kind.ts";
import type { PeerId } from "../names/peer-id.ts";
import { Postings } from "./postings.ts";
import type { ResultRow, SearchQuery, SearchResults } from "../io/view.ts";
import type { Kind } from "../names/kind.ts";
import {
  FUZZY,
  grown,
  matchOf,
  mayBeMistyped,
  narrows,
  NO_MATCH,
  PREFIX,
  Vocabulary,
  type Match,
  type Matches,
} from "./vocabulary.ts";

/** A row of the catalog as search reads it. It belongs to the catalog, which says when it has changed. */
export interface Searchable {
  readonly file: FileId;
  readonly name: string;
  /** The folder that is shown. */
  readonly folder: string;
  readonly length: number;
  /** The offers of all other peers. */
  readonly offers: readonly { readonly author: PeerId; readonly folder: string }[];
  readonly mine: boolean;
  /** Other folders of these offers: they find the row too, and one is shown when only its author's files are listed. */
  readonly otherFolders: readonly string[];
}

export const isFrom = ({ offers }: Searchable, peer: PeerId): boolean =>
  offers.some(({ author }) => author === peer);

/** A row's place in every column; free again after `remove`. */
export type Slot = number;

/** Further words of a query are ignored. Few people type more, and each costs a walk. Guess. */
const MAX_QUERY_WORDS = 8;
/** With at least so many exact results, typing errors are not looked for. Guess. */
const FUZZY_BELOW_RESULTS = 20;
/** If more than 1 row in 4 matches, keeping the matches saves no time over finding them again. Guess. */
const KEPT_SHARE = 4;
/** To walk more than 1 row in 16 takes about as long as to make the postings. Guess. */
const FRESH_SHARE = 16;
/** A row that matched before costs as much to walk as 2 postings to look up; one of all rows as much as 8. Measured. */
const STEP_POSTINGS = 2;
const ROW_POSTINGS = 8;
/** Better than any match of a word: the name itself begins with the text that was typed. */
const NAME_PREFIX = PREFIX + 1;
/** Typed text that is no word. It begins with no accent and no half of a character: these are parts of others. */
const SYMBOLS = /[^\s\p{M}\p{C}][^\s\p{C}]*/gu;
const FREE = KINDS.length;
/** Separates names within a row's run. */
const GAP = 0;

interface IndexedFolder {
  readonly text: string;
  readonly numbers: readonly number[];
  /** The compounds that its hyphens join. */
  readonly compounds: readonly number[];
}

const NO_FOLDER: IndexedFolder = { text: "", numbers: [], compounds: [] };

/** The rows that an earlier, shorter query found: while no row changes, further typing only narrows them down. */
interface Step {
  readonly of: PeerId | null;
  readonly words: readonly string[];
  readonly slots: Uint32Array;
}

export class SearchIndex {
  #vocabulary = new Vocabulary();
  readonly #rows: (Searchable | null)[] = [];
  readonly #freeSlots: Slot[] = [];
  // Columns by slot: walking a million rows must not touch a million objects.
  #kinds = new Uint8Array(64);
  #lengths = new Float64Array(64);
  /** Ranks rows that match equally well: by their number of sources, then by the shortness of the name. */
  #standings = new Uint32Array(64);
  #begins = new Uint32Array(64);
  #ends = new Uint32Array(64);
  /** The words that names begin with, once more: looked at for each row that is found. */
  #firsts = new Uint32Array(64);
  /** How well each row that was found answers the present query: its match, then its standing. */
  #merits = new Uint32Array(64);
  /** The slots found, of the present query only. */
  #found = new Uint32Array(64);
  /** The runs of all rows, and some that are no longer used. */
  #runs = new Uint32Array(1024);
  #runsEnd = 0;
  #unused = 0;
  /** The folder of the previous row: the files of one folder come one after another. */
  #folder = NO_FOLDER;
  /** They describe the rows as they were when the postings were made; `#fresh` has the rows that changed since. */
  #postings: Postings | null = null;
  #fresh: Slot[] = [];
  /** How well rows match one word of the present query; all 0 before and after. */
  #grades = new Uint8Array(64);
  #steps: Step[] = [];
  #fuzzySteps: Step[] = [];

  add(row: Searchable): Slot {
    const slot = this.#freeSlots.pop() ?? this.#rows.length;
    if (slot >= this.#kinds.length) this.#growColumns();
    this.#rows[slot] = row;
    this.#begins[slot] = this.#ends[slot] = this.#runsEnd;
    this.update(slot);
    return slot;
  }

  /** To be called when the row's names or folder have changed. */
  update(slot: Slot): void {
    const row = this.#rows[slot]!;
    this.#kinds[slot] = KINDS.indexOf(kindOf(row.name));
    this.#lengths[slot] = row.length;
    this.recount(slot);
    this.#compact();
    this.#writeRun(slot, this.#runOf(row));
    if (!this.#postings) return;
    this.#fresh.push(slot);
    if (this.#fresh.length > this.#rows.length / FRESH_SHARE) this.#forgetPostings();
  }

  /** To be called when there are more or fewer offers of it. */
  recount(slot: Slot): void {
    const row = this.#rows[slot]!;
    if (this.#steps.length > 0) this.#steps = [];
    if (this.#fuzzySteps.length > 0) this.#fuzzySteps = [];
    this.#standings[slot] =
      (Math.min(row.offers.length, 0xffff) << 8) | (255 - Math.min(row.name.length, 255));
  }

  #forgetPostings(): void {
    this.#postings = null;
    this.#fresh = [];
  }

  remove(slot: Slot): void {
    this.#kinds[slot] = FREE;
    this.#rows[slot] = null;
    this.#freeSlots.push(slot);
    this.#dropRun(slot);
    this.#compact();
  }

  /** Makes the postings before a query needs them; for a million rows this takes a tenth of a second. */
  prepare(): Postings {
    return (this.#postings ??= new Postings(
      this.#vocabulary.size,
      this.#rows.length,
      this.#begins,
      this.#ends,
      this.#runs,
    ));
  }

  /** All rows that have every word typed, best first; when nothing is typed, every row in natural order. */
  query(query: SearchQuery): SearchResults {
    const typed = wordsOf(query.text);
    const symbols = typed.length === 0 ? query.text.normalize("NFC").match(SYMBOLS) : null;
    const words = [...new Set(symbols ?? typed)].slice(0, MAX_QUERY_WORDS);
    let found = symbols ? this.#having(words, query.of) : this.#find(words, query.of, false);
    if (!symbols && found.length < FUZZY_BELOW_RESULTS && words.some(mayBeMistyped))
      found = this.#find(words, query.of, true);

    const kinds = this.#kinds;
    const lengths = this.#lengths;
    const { minBytes, maxBytes } = query;
    const isAnyLength = minBytes <= 0 && maxBytes === Infinity;
    const countByKind = new Uint32Array(KINDS.length);
    const only = query.kind === null ? null : KINDS.indexOf(query.kind);
    let total = 0;
    for (let i = 0; i < found.length; i++) {
      const slot = found[i]!;
      if (!isAnyLength && (lengths[slot]! < minBytes || lengths[slot]! > maxBytes)) continue;
      const kind = kinds[slot]!;
      countByKind[kind]!++;
      if (only === null || kind === only) found[total++] = slot;
    }
    const shown = this.#first(found.subarray(0, total), query.limit);
    return {
      rows: shown.map((slot) => resultOf(this.#rows[slot]!, words, query.of)),
      total,
      totalByKind: Object.fromEntries(KINDS.map((kind, i) => [kind, countByKind[i]!])) as Record<
        Kind,
        number
      >,
    };
  }

  /** The rows that match, in #found; how well they do, in #merits. */
  #find(words: readonly string[], of: PeerId | null, fuzzy: boolean): Uint32Array {
    const steps = fuzzy ? this.#fuzzySteps : this.#steps;
    while (steps.length > 0 && !leadsTo(steps.at(-1)!, words, of, fuzzy)) steps.pop();
    const step = steps.at(-1);
    const asked = words.map((word) => this.#vocabulary.match(word, fuzzy));
    const mostPostings = step ? STEP_POSTINGS * step.slots.length : ROW_POSTINGS * this.#rows.length;
    const rarest = of === null ? this.#rarest(asked, mostPostings) : null;
    let slots: Uint32Array | null = null;
    if (rarest) this.#grade(rarest);
    else if (step) {
      this.#found.set(step.slots);
      slots = this.#found.subarray(0, step.slots.length);
    } else slots = this.#everything(of);
    const found = this.#matching(slots, words, asked, rarest);
    if (found.length < this.#rows.length / KEPT_SHARE) steps.push({ of, words, slots: found.slice() });
    return found;
  }

  /** Symbols are in no run. So the names themselves are read; a million of them take a tenth of a second. */
  #having(symbols: readonly string[], of: PeerId | null): Uint32Array {
    const everything = this.#everything(of);
    let count = 0;
    for (const slot of everything) {
      const { name } = this.#rows[slot]!;
      if (!symbols.every((symbol) => name.includes(symbol))) continue;
      this.#merits[slot] = this.#standings[slot]!;
      everything[count++] = slot;
    }
    return everything.subarray(0, count);
  }

  #everything(of: PeerId | null): Uint32Array {
    let count = 0;
    for (let slot = 0; slot < this.#rows.length; slot++)
      if (this.#kinds[slot] !== FREE && (of === null || isFrom(this.#rows[slot]!, of)))
        this.#found[count++] = slot;
    return this.#found.subarray(0, count);
  }

  /** The matches with the fewest postings to look up, if they are fewer than `fewerThan`. */
  #rarest(asked: readonly Matches[], fewerThan: number): Matches | null {
    if (asked.length === 0) return null;
    const postings = this.prepare();
    let rarest: Matches | null = null;
    for (const matches of asked) {
      const count = postings.count(matches);
      if (count >= fewerThan) continue;
      fewerThan = count;
      rarest = matches;
    }
    return rarest;
  }

  /** How well the word matches in each row, in #grades. */
  #grade(matches: Matches): void {
    const grades = this.#grades;
    this.#postings?.grade(matches, grades);
    for (const slot of this.#fresh)
      grades[slot] = gradeOf(this.#runs, this.#begins[slot]!, this.#ends[slot]!, matches.table);
  }

  /**
   * Puts the rows of `slots` (null: of all rows) that have every word into #found, in the same order. The grades for
   * `graded` are removed from #grades.
   */
  #matching(
    slots: Uint32Array | null,
    words: readonly string[],
    asked: readonly Matches[],
    graded: Matches | null,
  ): Uint32Array {
    const lastTable = asked.at(-1)?.table;
    if (!lastTable) {
      this.#merits.fill(0);
      return slots ?? this.#everything(null);
    }
    if (graded && asked.length === 1) return this.#graded(graded);
    // Locals, because this loop is where the time goes.
    const begins = this.#begins;
    const ends = this.#ends;
    const runs = this.#runs;
    const merits = this.#merits;
    const standings = this.#standings;
    const grades = this.#grades;
    const kinds = this.#kinds;
    const found = this.#found;
    const rowCount = slots ? slots.length : this.#rows.length;
    const tables = asked.filter((matches) => matches !== graded).map(({ table }) => table);
    const numbersBefore = words.slice(0, -1).map((word) => this.#vocabulary.find(word));
    let count = 0;
    rows: for (let i = 0; i < rowCount; i++) {
      const slot = slots ? slots[i]! : i;
      let match: number = PREFIX;
      if (graded) {
        match = grades[slot]!;
        if (match === NO_MATCH) continue;
        grades[slot] = NO_MATCH;
        if (kinds[slot] === FREE) continue;
      }
      for (let t = 0; t < tables.length; t++) {
        const grade = gradeOf(runs, begins[slot]!, ends[slot]!, tables[t]!);
        if (grade === NO_MATCH) continue rows;
        if (grade < match) match = grade;
      }
      if (match === PREFIX) {
        // Whether the name begins with the typed words: the last one may be a prefix, those before it must be whole.
        const begin = begins[slot]!;
        const end = ends[slot]!;
        let at = begin;
        while (at - begin < numbersBefore.length && runs[at] === numbersBefore[at - begin]) at++;
        if (at - begin === numbersBefore.length && at < end && lastTable[runs[at]!] === PREFIX)
          match = NAME_PREFIX;
      }
      merits[slot] = (match << 24) | standings[slot]!;
      found[count++] = slot;
    }
    return found.subarray(0, count);
  }

  /** `#matching` for one word. Every second row has the first letter typed, so no other query takes as long. */
  #graded({ table }: Matches): Uint32Array {
    const firsts = this.#firsts;
    const merits = this.#merits;
    const standings = this.#standings;
    const grades = this.#grades;
    const kinds = this.#kinds;
    const found = this.#found;
    const rowCount = this.#rows.length;
    let count = 0;
    for (let slot = 0; slot < rowCount; slot++) {
      const grade = grades[slot]!;
      if (grade === NO_MATCH || kinds[slot] === FREE) continue;
      const match = grade === PREFIX && table[firsts[slot]!] === PREFIX ? NAME_PREFIX : grade;
      merits[slot] = (match << 24) | standings[slot]!;
      found[count++] = slot;
    }
    grades.fill(NO_MATCH, 0, rowCount);
    return found.subarray(0, count);
  }

  /** The best `limit` rows: by merit, then in natural order. It sorts no more than needed. */
  #first(slots: Uint32Array, limit: number): Slot[] {
    const merits = this.#merits;
    const inOrder = this.#naturalOrder();
    const compare = (a: Slot, b: Slot): number => merits[b]! - merits[a]! || inOrder(a, b);
    const kept: Slot[] = [];
    let last: Slot | undefined;
    let leastMerit = 0;
    const cut = (): void => {
      kept.sort(compare);
      kept.length = Math.min(kept.length, limit);
    };
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const merit = merits[slot]!;
      if (merit < leastMerit) continue;
      if (merit === leastMerit && last !== undefined && compare(slot, last) > 0) continue;
      kept.push(slot);
      if (kept.length < 2 * limit) continue;
      cut();
      last = kept.at(-1);
      leastMerit = last === undefined ? 0 : merits[last]!;
    }
    cut();
    return kept;
  }

  #naturalOrder(): (a: Slot, b: Slot) => number {
    const vocabulary = this.#vocabulary;
    const begins = this.#begins;
    const ends = this.#ends;
    const runs = this.#runs;
    return (a, b) => {
      const endA = ends[a]!;
      const endB = ends[b]!;
      let atA = begins[a]!;
      let atB = begins[b]!;
      for (; atA < endA && atB < endB; atA++, atB++) {
        const order = vocabulary.compare(runs[atA]!, runs[atB]!);
        if (order !== 0) return order;
      }
      return endA - atA - (endB - atB) || a - b;
    };
  }

  /** The words of the name, then of the folder shown, then of the other folders, then the compounds. */
  #runOf({ name, folder, otherFolders }: Searchable): number[] {
    const run = this.#numbersOf(name);
    if (folder !== "") {
      if (folder !== this.#folder.text)
        this.#folder = {
          text: folder,
          numbers: this.#numbersOf(folder),
          compounds: this.#compoundsOf(folder),
        };
      run.push(GAP, ...this.#folder.numbers);
    }
    for (const text of otherFolders) run.push(GAP, ...this.#numbersOf(text));
    run.push(...this.#compoundsOf(name));
    if (folder !== "") run.push(...this.#folder.compounds);
    for (const text of otherFolders) run.push(...this.#compoundsOf(text));
    return run;
  }

  #numbersOf(text: string): number[] {
    return wordsOf(text).map((word) => this.#vocabulary.intern(word));
  }

  #compoundsOf(text: string): number[] {
    return compoundsOf(text).flatMap((word) => [GAP, this.#vocabulary.intern(word)]);
  }

  #writeRun(slot: Slot, run: readonly number[]): void {
    if (run.length > this.#ends[slot]! - this.#begins[slot]!) {
      this.#dropRun(slot);
      while (this.#runsEnd + run.length > this.#runs.length) this.#runs = grown(this.#runs, Uint32Array);
      this.#begins[slot] = this.#runsEnd;
      this.#runsEnd += run.length;
    } else {
      this.#unused += this.#ends[slot]! - this.#begins[slot]! - run.length;
    }
    this.#ends[slot] = this.#begins[slot]! + run.length;
    this.#firsts[slot] = run[0] ?? GAP;
    this.#runs.set(run, this.#begins[slot]);
  }

  #dropRun(slot: Slot): void {
    this.#unused += this.#ends[slot]! - this.#begins[slot]!;
    this.#ends[slot] = this.#begins[slot]!;
  }

  /** Removes the runs and words that no row has any more, once they are more than half. Words are renumbered. */
  #compact(): void {
    if (this.#unused <= this.#runsEnd / 2) return;
    const vocabulary = new Vocabulary();
    const numbers = new Uint32Array(this.#vocabulary.size);
    const runs = new Uint32Array(Math.max(this.#runsEnd, 1024));
    let runsEnd = 0;
    for (let slot = 0; slot < this.#rows.length; slot++) {
      const begin = runsEnd;
      for (let at = this.#begins[slot]!; at < this.#ends[slot]!; at++) {
        const old = this.#runs[at]!;
        if (old !== GAP && numbers[old] === 0) numbers[old] = vocabulary.intern(this.#vocabulary.word(old));
        runs[runsEnd++] = numbers[old]!;
      }
      this.#begins[slot] = begin;
      this.#ends[slot] = runsEnd;
      this.#firsts[slot] = begin < runsEnd ? runs[begin]! : GAP;
    }
    this.#forgetPostings();
    this.#folder = NO_FOLDER;
    this.#vocabulary = vocabulary;
    this.#runs = runs;
    this.#runsEnd = runsEnd;
    this.#unused = 0;
  }

  #growColumns(): void {
    this.#kinds = grown(this.#kinds, Uint8Array);
    this.#lengths = grown(this.#lengths, Float64Array);
    this.#standings = grown(this.#standings, Uint32Array);
    this.#begins = grown(this.#begins, Uint32Array);
    this.#ends = grown(this.#ends, Uint32Array);
    this.#firsts = grown(this.#firsts, Uint32Array);
    this.#merits = grown(this.#merits, Uint32Array);
    this.#grades = grown(this.#grades, Uint8Array);
    this.#found = grown(this.#found, Uint32Array);
  }
}

/** How well the best word of a run matches. */
const gradeOf = (runs: Uint32Array, begin: number, end: number, table: Uint8Array): number => {
  let best: number = NO_MATCH;
  for (let at = begin; at < end && best !== PREFIX; at++) {
    const match = table[runs[at]!]!;
    if (match > best) best = match;
  }
  return best;
};

/** Whether every row of a query is among the rows of a step before it. (Its own step is not kept twice.) */
const leadsTo = (step: Step, words: readonly string[], of: PeerId | null, fuzzy: boolean): boolean =>
  step.of === of &&
  step.words.join(" ") !== words.join(" ") &&
  step.words.every((before) => words.some((word) => narrows(word, before, fuzzy)));

const resultOf = (
  { file, name, folder, length, offers, mine }: Searchable,
  words: readonly string[],
  of: PeerId | null,
): ResultRow => ({
  file,
  name,
  folder: offers.find(({ author }) => author === of)?.folder ?? folder,
  kind: kindOf(name),
  length,
  sources: offers.map(({ author }) => author),
  mine,
  // Made when it is read: only rows in sight need their marks, and these cost the most of a row.
  get marks() {
    return marksOf(name, words);
  },
});

/** For each typed word the place in the name where it matches best, if any; places that touch are joined. */
const marksOf = (name: string, words: readonly string[]): [number, number][] => {
  const placed = words.length === 0 ? [] : placedWordsOf(name);
  const marks: [number, number][] = [];
  for (const typed of words) {
    const matches = placed.map(({ word }) => matchOf(typed, word, true));
    const best = Math.max(NO_MATCH, ...matches);
    if (best === NO_MATCH) {
      const at = name.indexOf(typed); // a symbol
      if (at >= 0) marks.push([at, at + typed.length]);
      continue;
    }
    const { word, begins, ends } = placed[matches.indexOf(best as Match)]!;
    const at = best === FUZZY ? 0 : word.indexOf(typed);
    const length = best === FUZZY ? word.length : typed.length;
    marks.push([begins[at]!, ends[at + length - 1]!]);
  }
  return joined(marks.sort((a, b) => a[0] - b[0]));
};

const joined = (sorted: readonly [number, number][]): [number, number][] => {
  const whole: [number, number][] = [];
  for (const [begin, end] of sorted) {
    const last = whole.at(-1);
    if (last !== undefined && begin <= last[1]) last[1] = Math.max(last[1], end);
    else whole.push([begin, end]);
  }
  return whole;
};
