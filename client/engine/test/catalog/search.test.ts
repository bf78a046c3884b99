import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileId } from "../../src/names/file-id.ts";
import { compoundsOf, placedWordsOf, wordsOf } from "../../src/catalog/fold.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { SearchIndex, type Searchable } from "../../src/catalog/search.ts";
import type { ResultRow, SearchQuery } from "../../src/io/view.ts";
import { matchOf, NO_MATCH } from "../../src/catalog/vocabulary.ts";

const ANA = "a".repeat(64) as PeerId;
const BEN = "b".repeat(64) as PeerId;
const EVERYTHING = { text: "", kind: null, minBytes: 0, maxBytes: Infinity, of: null, limit: Infinity };

const by = (...authors: PeerId[]): Searchable["offers"] => authors.map((author) => ({ author, folder: "" }));

type Mutable<Row> = { -readonly [Key in keyof Row]: Row[Key] };

let files = 0;
const row = (name: string, rest: Partial<Searchable> = {}): Mutable<Searchable> => ({
  file: `${(files++).toString(16).padStart(64, "0")}-1` as FileId,
  name,
  folder: "",
  length: 1,
  offers: by(ANA),
  mine: false,
  otherFolders: [],
  ...rest,
});
const indexOf = (rows: readonly Searchable[]): SearchIndex => {
  const index = new SearchIndex();
  for (const each of rows) index.add(each);
  return index;
};
const namesOf = (rows: readonly ResultRow[]): string[] => rows.map(({ name }) => name);
const search = (names: readonly string[], text: string): string[] =>
  namesOf(indexOf(names.map((name) => row(name))).query({ ...EVERYTHING, text }).rows);
/** The name with its marks in brackets. */
const marked = (name: string, text: string): string => {
  const [found] = indexOf([row(name)]).query({ ...EVERYTHING, text }).rows;
  return (found?.marks ?? []).reduceRight(
    (s, [a, b]) => `${s.slice(0, a)}[${s.slice(a, b)}]${s.slice(b)}`,
    name,
  );
};

describe("a search finds", () => {
  test("words in any order, in the name or the folder, at their beginning or inside", () => {
    const index = indexOf([
      row("01 - Army of Me.flac", { folder: "Music/Björk/Post" }),
      row("post office.txt"),
    ]);
    for (const text of ["army", "me army", "bjork me", "POST flac", "rmy jör", "army-of-me.flac", "bjo 01"])
      expect(namesOf(index.query({ ...EVERYTHING, text }).rows), text).toEqual(["01 - Army of Me.flac"]);
    expect(index.query({ ...EVERYTHING, text: "army office" }).total).toBe(0);
  });

  test.each([
    ["Größe.txt", "grosse"],
    ["grosse.txt", "Größe"],
    ["Łódź, Ærø, Þór.jpg", "lodz aero thor"],
    ["ΟΔΥΣΣΕΥΣ.txt", "οδυσσευς"],
    ["İstanbul.mp4", "istanbul"],
    ["Don’t stop.mp3", "dont"],
    ["Dont stop.mp3", "don't"],
    ["ﬁne.txt", "fine"],
    ["한국어.txt", "한구"],
    ["日本語のファイル.pdf", "ファイル"],
    ["🎉 party.gif", "🎉"],
    ["party 🎉.gif", "party🎉"],
    ["party🎉.gif", "🎉 party"],
    ["foo-bar.txt", "foobar"],
    ["foo-bar.txt", "fooba"],
    ["foobar.txt", "foo-bar"],
    ["The Co-op bank.txt", "coop"],
    ["state-of-the-art.txt", "oftheart"],
    ["Wi\u2011Fi.txt", "wifi"],
    ["Wi\uFF0DFi, Lo\uFE63Fi.txt", "wifi lofi"],
    ["Fußball-Größe.txt", "ballgrosse"],
    ["C++ Primer.pdf", "+"],
    ["100% cotton.txt", "%"],
    ["A$AP & co.mp3", "& $"],
  ])("%j by typing %j", (name, text) => {
    expect(search([name, "something else"], text)).toEqual([name]);
  });

  test.each(["beatels", "baetles", "beatls", "beattles", "beatlas", "eatles", "bealt"])(
    "a word with one typing error: %s",
    (text) => {
      expect(search(["The Beatles - Help.mp3", "Beetroot.txt"], text)).toContain("The Beatles - Help.mp3");
    },
  );

  test("no near misses of short words, and none at all when there are enough exact results", () => {
    expect(search(["cat.jpg"], "czt")).toEqual([]);
    const many = Array.from({ length: 20 }, (_, i) => `train ${i}`);
    expect(search([...many, "brain"], "train")).not.toContain("brain");
    expect(search([...many.slice(1), "brain"], "train")).toContain("brain");
  });

  test("a file by any folder that somebody has it in, and shows their folder when only their files are listed", () => {
    const offers = [
      { author: ANA, folder: "Pictures" },
      { author: BEN, folder: "Phone" },
    ];
    const index = indexOf([row("holiday.jpg", { folder: "Pictures", offers, otherFolders: ["Phone"] })]);
    const foldersOf = (of: PeerId | null) =>
      index.query({ ...EVERYTHING, text: "phone", of }).rows.map(({ folder }) => folder);
    expect(foldersOf(null)).toEqual(["Pictures"]);
    expect(foldersOf(BEN)).toEqual(["Phone"]);
  });

  test("everything while only an accent is typed, or half a character", () => {
    for (const text of ["\u0300", "\uDE00"])
      expect(search(["A\u0300.txt", "\u{1F600}.txt"], text)).toHaveLength(2);
  });

  test("nothing for symbols that no name has", () => {
    expect(search(["a.txt", "b c.txt"], "+")).toEqual([]);
    expect(search(["a%.txt", "b$.txt", "c$%.txt"], "$ %")).toEqual(["c$%.txt"]);
  });

  test("a folder by the words that its hyphens join", () => {
    const index = indexOf([row("a.txt", { folder: "Heavy/Post-Rock" }), row("b.txt")]);
    expect(namesOf(index.query({ ...EVERYTHING, text: "postrock" }).rows)).toEqual(["a.txt"]);
  });

  test("names that are also properties of objects", () => {
    expect(search(["__proto__", "constructor", "x"], "constructor")).toEqual(["constructor"]);
    expect(search(["__proto__", "x"], "proto")).toEqual(["__proto__"]);
  });
});

describe("the order of results", () => {
  test("the name's beginning, a word's beginning, inside a word, a typing error", () => {
    expect(search(["a trams.txt", "xtramx.txt", "trxm.txt", "tram.txt"], "tram")).toEqual([
      "tram.txt",
      "a trams.txt",
      "xtramx.txt",
      "trxm.txt",
    ]);
  });

  test("the beginning of the name counts for several words, the last of them half typed", () => {
    expect(search(["sea.txt", "The Seagull and the long way home.txt", "Sea the.txt"], "the sea")).toEqual([
      "The Seagull and the long way home.txt",
      "Sea the.txt",
    ]);
  });

  test("a row is as good as its worst match, whichever word was typed first", () => {
    for (const text of ["tram post", "post tram"])
      expect(search(["a tram xpost.txt", "a much longer name with tram and post.txt"], text)[0]).toMatch(
        /longer/,
      );
  });

  test("more sources first, then the shorter name, then as people count", () => {
    const rows = [row("song 10.mp3"), row("song 9a.mp3"), row("song 9.mp3"), row("song 010.mp3")];
    rows.push(row("song twelve.mp3", { offers: by(ANA, BEN) }), row("song 2.mp3"));
    expect(namesOf(indexOf(rows).query({ ...EVERYTHING, text: "song" }).rows)).toEqual([
      "song twelve.mp3",
      "song 2.mp3",
      "song 9.mp3",
      "song 9a.mp3",
      "song 10.mp3",
      "song 010.mp3",
    ]);
  });

  test("everything, when nothing is typed, as people count", () => {
    const names = ["b", "Track 10", "track 9", "Äpfel", "IMG_2", "IMG_10", "2", "10", "a"];
    const inOrder = ["2", "10", "a", "Äpfel", "b", "IMG_2", "IMG_10", "track 9", "Track 10"];
    expect(search(names, "")).toEqual(inOrder);
    expect(search(names, "  ")).toEqual(inOrder);
  });

  test("the first rows are the same with any limit", () => {
    const text = fc.constantFrom("", "a", "ab", "b c");
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom(..."abc 12"), minLength: 1 })),
        text,
        (names, text) => {
          const index = indexOf(names.map((name) => row(name)));
          const all = index.query({ ...EVERYTHING, text }).rows;
          for (const limit of [0, 1, 3, 10])
            expect(index.query({ ...EVERYTHING, text, limit }).rows).toEqual(all.slice(0, limit));
        },
      ),
    );
  });
});

describe("filters", () => {
  const rows = [
    row("one.mp3", { length: 10 }),
    row("two.mp3", { length: 20, offers: by(BEN) }),
    row("three.jpg", { length: 30, offers: by(ANA, BEN) }),
  ];
  const index = indexOf(rows);

  test("by kind, with counts of every kind beside", () => {
    const found = index.query({ ...EVERYTHING, kind: "audio" });
    expect(namesOf(found.rows)).toEqual(["one.mp3", "two.mp3"]);
    expect(found.total).toBe(2);
    expect(found.totalByKind).toMatchObject({ audio: 2, picture: 1, video: 0 });
  });

  test("by size, both ends included", () => {
    const found = index.query({ ...EVERYTHING, minBytes: 20, maxBytes: 30, limit: 1 });
    expect(found).toMatchObject({ total: 2, totalByKind: { audio: 1, picture: 1 } });
    expect(found.rows).toHaveLength(1);
  });

  test("by person, also after a query for another person", () => {
    for (const [of, names] of [
      [BEN, ["three.jpg", "two.mp3"]],
      [ANA, ["one.mp3", "three.jpg"]],
      [null, ["one.mp3", "three.jpg", "two.mp3"]],
    ] as const)
      for (const text of ["", "t", "e"])
        expect(namesOf(index.query({ ...EVERYTHING, of, text }).rows).sort(), `${text} of ${of}`).toEqual(
          names.filter((name) => name.replace("jpg", "").includes(text)),
        );
  });
});

describe("marks", () => {
  test.each([
    ["The Beatles.mp3", "beat", "The [Beat]les.mp3"],
    ["The Beatles.mp3", "mp3 eat", "The B[eat]les.[mp3]"],
    ["Größe.txt", "gross", "[Größ]e.txt"],
    ["Gro\u0308ße.txt", "gro", "[Gro\u0308]ße.txt"],
    ["ﬁnd.txt", "fi", "[ﬁ]nd.txt"],
    ["🎉🎉 don’t.txt", "dont", "🎉🎉 [don’t].txt"],
    ["The Beatles.mp3", "beatels", "The [Beatles].mp3"],
    ["abcd.txt", "abc bcd", "[abcd].txt"],
    ["x.txt", "", "x.txt"],
    ["a foo-bar.txt", "oobar", "a f[oo-bar].txt"],
    ["C++ 11.pdf", "+", "C[+]+ 11.pdf"],
  ])("in %j of %j: %s", (name, text, expected) => {
    expect(marked(name, text)).toBe(expected);
  });

  test("a short word is not looked for with a typing error", () => {
    const index = indexOf([row("abc.txt", { folder: "abx" })]);
    expect(index.query({ ...EVERYTHING, text: "abx" }).rows.map(({ marks }) => marks)).toEqual([[]]);
  });

  test("lie within the name, in order, apart from each other, and never cut a character in half", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme", maxLength: 6 }),
        (name, text) => {
          let end = -1;
          for (const found of indexOf([row(name)]).query({ ...EVERYTHING, text: text || name.slice(1, 3) })
            .rows)
            for (const [from, to] of found.marks) {
              expect(from).toBeGreaterThan(end);
              expect(to).toBeGreaterThan(from);
              expect(to).toBeLessThanOrEqual(name.length);
              expect(name.slice(from, to)).not.toMatch(/^[\p{M}\p{Cs}]*$/u);
              end = to;
            }
        },
      ),
    );
  });
});

describe("for any catalog", () => {
  const word = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."abcd"), minLength: 1, maxLength: 6 }),
    fc.constantFrom("Ábc", "straße", "dcba9", "10", "9", "Øab"),
  );
  const text = fc.array(word, { maxLength: 3 }).map((words) => words.join(" "));
  const rows = fc.array(fc.record({ name: text, folder: text, length: fc.nat(9) }), { maxLength: 60 });
  /** Damerau's distance to the nearest beginning of the word is at most one, by trying every edit. */
  const oneEditAway = (typed: string, of: string): boolean => {
    const letters = new Set(of);
    const edits = Array.from({ length: typed.length + 1 }, (_, i) => [
      typed.slice(0, i) + typed.slice(i + 1),
      typed.slice(0, i) + [...typed.slice(i, i + 2)].reverse().join("") + typed.slice(i + 2),
      ...[...letters].flatMap((l) => [
        typed.slice(0, i) + l + typed.slice(i),
        typed.slice(0, i) + l + typed.slice(i + 1),
      ]),
    ]).flat();
    return edits.some((edit) => of.startsWith(edit));
  };

  test("it finds all that a plain look into every row finds, and besides only near misses", () => {
    fc.assert(
      fc.property(rows, text, (parts, text) => {
        const all = parts.map(({ name, ...rest }) => row(name, rest));
        const found = indexOf(all).query({ ...EVERYTHING, text });
        const wordsIn = ({ name, folder }: { name: string; folder: string }) => wordsOf(`${name} ${folder}`);
        const typed = wordsOf(text);
        const exact = all.filter((r) => typed.every((t) => wordsIn(r).some((w) => w.includes(t))));
        const files = new Set(found.rows.map(({ file }) => file));
        for (const { file } of exact) expect(files).toContain(file);
        if (exact.length >= 20) expect(found.total).toBe(exact.length);
        for (const r of found.rows)
          for (const t of typed)
            expect(
              wordsIn(r).some((w) => w.includes(t) || (t.length >= 4 && oneEditAway(t, w))),
              `${t} in ${r.name}, ${r.folder}`,
            ).toBe(true);
        expect(found.total).toBe(found.rows.length);
        expect(Object.values(found.totalByKind).reduce((sum, n) => sum + n, 0)).toBe(found.total);
      }),
      { numRuns: 500 },
    );
  });

  test("every word one edit away matches, and still matches after the last letters are deleted", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."abc"), minLength: 4, maxLength: 7 });
    fc.assert(
      fc.property(letters, letters, (typed, word) => {
        const matches = matchOf(typed, word, true) !== NO_MATCH;
        expect(matches).toBe(word.includes(typed) || oneEditAway(typed, word));
        if (matches)
          for (let end = 4; end < typed.length; end++)
            expect(matchOf(typed.slice(0, end), word, true)).not.toBe(NO_MATCH);
      }),
      { numRuns: 5000 },
    );
  });

  test("typing on, deleting letters and starting anew give the same results as a fresh index", () => {
    const people = fc.array(fc.constantFrom(null, ANA, BEN), { minLength: 1, maxLength: 3 });
    const queries = fc.array(fc.record({ text, people }), { maxLength: 6 });
    fc.assert(
      fc.property(rows, queries, (parts, queries) => {
        const all = parts.map(({ name, ...rest }, i) =>
          row(name, { ...rest, offers: i % 9 === 0 ? by(BEN) : i % 7 === 0 ? by(ANA, BEN) : by(ANA) }),
        );
        const index = indexOf(all);
        for (const { text, people } of queries)
          for (let i = 0; i <= 2 * text.length; i++) {
            const typed = text.slice(0, i <= text.length ? i : 2 * text.length - i);
            const query: SearchQuery = { ...EVERYTHING, text: typed, of: people[i % people.length]! };
            expect(index.query(query)).toEqual(indexOf(all).query(query));
          }
      }),
      { numRuns: 60 },
    );
  });

  test("rows that go, come or change while a person types count at once", () => {
    const index = indexOf(Array.from({ length: 20 }, (_, i) => row(`other ${i}`)));
    const filesOf = (text: string) => namesOf(index.query({ ...EVERYTHING, text }).rows);
    const it = row("tram.txt");
    const slot = index.add(it);
    expect(filesOf("tr")).toEqual(["tram.txt"]);
    index.add(row("trick.txt"));
    expect(filesOf("tri")).toEqual(["trick.txt"]);
    it.name = "tricks.txt";
    index.update(slot);
    expect(filesOf("tric")).toEqual(["trick.txt", "tricks.txt"]);
    index.remove(slot);
    expect(filesOf("trick")).toEqual(["trick.txt"]);
  });

  test("a word that was asked for long ago counts in a query with one that is new", () => {
    const index = indexOf([row("abc xyz")]);
    const found = (text: string) => namesOf(index.query({ ...EVERYTHING, text }).rows);
    expect(found("abc")).toEqual(["abc xyz"]);
    for (const letter of "abcdefghijklmno") found(letter);
    expect(found("abc xyz")).toEqual(["abc xyz"]);
  });

  test("rows that come, change and go leave nothing behind", () => {
    const steps = fc.array(
      fc.record({ what: fc.constantFrom("add", "add", "change", "remove"), at: fc.nat(), text }),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(steps, text, (steps, typed) => {
        const index = new SearchIndex();
        const kept: { slot: number; it: Mutable<Searchable> }[] = [];
        for (const { what, at, text } of steps) {
          const chosen = at % Math.max(1, kept.length);
          const old = kept[chosen];
          if (what === "add") {
            const it = row(text);
            kept.push({ slot: index.add(it), it });
          } else if (what === "remove" && old) {
            index.remove(old.slot);
            kept.splice(chosen, 1);
          } else if (old) {
            old.it.name = text;
            old.it.offers = by(ANA, BEN);
            index.update(old.slot);
          }
          if (at % 5 === 0) index.query({ ...EVERYTHING, text: typed });
        }
        for (const text of ["", typed]) {
          const [here, fresh] = [index, indexOf(kept.map(({ it }) => it))].map((i) => {
            const { rows, ...counts } = i.query({ ...EVERYTHING, text });
            return {
              ...counts,
              names: namesOf(rows).map(wordsOf),
              files: rows.map(({ file }) => file).sort(),
            };
          });
          expect(here).toEqual(fresh);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test("a text folded letter by letter, with places, gives the same words as one folded whole", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(placedWordsOf(text).map(({ word }) => word)).toEqual([...wordsOf(text), ...compoundsOf(text)]);
    }),
    { numRuns: 2000 },
  );
});
