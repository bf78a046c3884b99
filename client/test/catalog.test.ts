import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalog } from "../src/engine/catalog.ts";
import { fileIdOf, type FileId } from "../src/engine/file-id.ts";
import type { PeerId } from "../src/engine/peer-id.ts";

const AUTHORS = ["a", "b", "c", "d"].map((letter) => letter.repeat(64) as PeerId);
const [ME] = AUTHORS as [PeerId];
const FILES = [1, 2, 3].map((byte) => fileIdOf(new Uint8Array(32).fill(byte), byte));
const WORDS = ["apple", "birch", "cedar", "daisy"];

const share = fc.record({
  type: fc.constant("share" as const),
  file: fc.constantFrom(...FILES),
  name: fc.constantFrom(...WORDS).map((word) => `${word}.txt`),
  folder: fc.constant(""),
});
const step = fc.record({
  author: fc.constantFrom(...AUTHORS),
  does: fc.oneof(
    { weight: 6, arbitrary: share },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("unshare" as const), nth: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("drop" as const) }) },
  ),
});

/** Says what stands, in the plainest way. */
class Model {
  readonly sharesByAuthor = new Map<PeerId, Map<number, { file: FileId; name: string }>>();

  of(author: PeerId): Map<number, { file: FileId; name: string }> {
    const shares = this.sharesByAuthor.get(author) ?? new Map();
    this.sharesByAuthor.set(author, shares);
    return shares;
  }

  offering(file: FileId): { author: PeerId; name: string }[] {
    return [...this.sharesByAuthor].flatMap(([author, shares]) =>
      [...shares.values()].filter((s) => s.file === file).map(({ name }) => ({ author, name })),
    );
  }
}

const ANYTHING = { kind: null, minBytes: 0, maxBytes: Infinity, of: null, limit: 100 };

test("[C1] whatever is shared, taken back and dropped: each file has the sources and names that stand", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const changed = new Set<FileId>();
      const catalog = new Catalog({ me: ME, sourcesChanged: (file) => changed.add(file) });
      const model = new Model();
      for (const [seq, { author, does }] of steps.entries()) {
        const standing = model.of(author);
        if (does.type === "drop") {
          catalog.drop(author);
          standing.clear();
        } else if (does.type === "unshare") {
          const [taken] = [...standing.keys()].slice(does.nth);
          if (taken === undefined) continue;
          changed.clear();
          catalog.apply(author, seq, { type: "unshare", share: taken });
          expect([...changed]).toEqual([standing.get(taken)!.file]);
          standing.delete(taken);
        } else {
          catalog.apply(author, seq, does);
          standing.set(seq, does);
        }
      }
      for (const file of FILES) {
        const shares = model.offering(file);
        const others = shares.filter(({ author }) => author !== ME);
        expect(new Set(catalog.sourcesOf(file))).toEqual(new Set(others.map(({ author }) => author)));
        expect(catalog.sourcesOf(file)).toHaveLength(new Set(others.map(({ author }) => author)).size);
        const names = others.map(({ name }) => name);
        if (shares.length === 0) expect(catalog.fileNameOf(file)).toBe("");
        for (const word of WORDS) {
          const row = catalog.search({ ...ANYTHING, text: word }).rows.find((found) => found.file === file);
          if (names.includes(`${word}.txt`)) expect(row).toBeDefined();
          if (!row) continue;
          expect(row.mine).toBe(shares.length > others.length);
          expect(new Set(row.sources)).toEqual(new Set(catalog.sourcesOf(file)));
        }
      }
      for (const author of AUTHORS) expect(catalog.fileCountOf(author)).toBe(model.of(author).size);
    }),
    { numRuns: 300 },
  );
});

test("a file goes by the name it was first offered by, and by another's when that is taken back", () => {
  const catalog = new Catalog({ me: ME, sourcesChanged: () => {} });
  const [file] = FILES as [FileId];
  const offer = (author: number, seq: number, name: string): void =>
    catalog.apply(AUTHORS[author]!, seq, { type: "share", file, name, folder: "" });
  offer(1, 0, "first.txt");
  offer(2, 0, "second.txt");
  offer(2, 1, "third.txt");
  expect(catalog.fileNameOf(file)).toBe("first.txt");
  catalog.apply(AUTHORS[1]!, 1, { type: "unshare", share: 0 });
  expect(catalog.fileNameOf(file)).toBe("second.txt");
  catalog.apply(AUTHORS[2]!, 2, { type: "unshare", share: 0 });
  expect(catalog.fileNameOf(file)).toBe("third.txt");
  expect(catalog.sourcesOf(file)).toEqual([AUTHORS[2]]);
});
