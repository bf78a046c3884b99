import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalog } from "../../src/catalog/catalog.ts";
import type { Entry } from "../../src/feed/entry.ts";
import { fileIdOf } from "../../src/names/file-id.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { SearchQuery } from "../../src/io/view.ts";

const [ME, ANA, BEN] = ["0", "a", "b"].map((digit) => digit.repeat(64) as PeerId) as [PeerId, PeerId, PeerId];
const FILES = [1, 2, 3].map((byte) => fileIdOf(new Uint8Array(32).fill(byte), byte));
const EVERYTHING: SearchQuery = {
  text: "",
  kind: null,
  minBytes: 0,
  maxBytes: Infinity,
  of: null,
  limit: Infinity,
};

const share = (file: number, name: string, folder = ""): Entry => ({
  type: "share",
  file: FILES[file]!,
  name,
  folder,
});
const newCatalog = () => {
  const catalog = new Catalog(ME);
  const found = (query: Partial<SearchQuery> = {}) => catalog.search({ ...EVERYTHING, ...query }).rows;
  return { catalog, found };
};

test("[C1] after any sharing, taking back and dropping, the catalog has exactly the entries that stand", () => {
  const author = fc.constantFrom(ME, ANA, BEN);
  const steps = fc.array(
    fc.oneof(
      fc.record({
        what: fc.constant("share" as const),
        author,
        file: fc.nat(2),
        name: fc.constantFrom("x", "y"),
        folder: fc.constantFrom("", "here", "there"),
      }),
      fc.record({ what: fc.constant("unshare" as const), author, share: fc.nat(6) }),
      fc.record({ what: fc.constant("drop" as const), author }),
    ),
    { maxLength: 40 },
  );
  interface Offer {
    readonly file: number;
    readonly name: string;
    readonly folder: string;
  }
  const keyOf = ({ file, name, folder }: Offer) => `${file} ${folder}/${name}`;
  fc.assert(
    fc.property(steps, (steps) => {
      const { catalog, found } = newCatalog();
      /** For each author and entry of its feed the offer, as long as it stands. */
      const offers = new Map([ME, ANA, BEN].map((peer) => [peer, [] as (Offer | null)[]]));
      for (const step of steps) {
        const own = offers.get(step.author)!;
        if (step.what === "drop") {
          catalog.drop(step.author);
          own.length = 0;
        } else if (step.what === "share") {
          catalog.apply(step.author, own.length, share(step.file, step.name, step.folder));
          own.push(own.some((offer) => offer && keyOf(offer) === keyOf(step)) ? null : step);
        } else {
          catalog.apply(step.author, own.length, { type: "unshare", share: step.share });
          if (step.share < own.length) own[step.share] = null;
          own.push(null);
        }
      }
      const standingOf = (peer: PeerId) => offers.get(peer)!.filter((offer) => offer !== null);
      for (const peer of offers.keys()) {
        const standing = standingOf(peer);
        expect(catalog.fileCountOf(peer)).toBe(standing.length);
        if (peer === ME) {
          expect(found().filter(({ mine }) => mine)).toHaveLength(standing.length);
          continue;
        }
        const rows = found({ of: peer }).map(({ file, ...rest }) => ({ ...rest, file: FILES.indexOf(file) }));
        expect(rows.map(keyOf).sort()).toEqual(standing.map(keyOf).sort());
        for (const { file, name, folder } of standing) {
          const here = found({ of: peer, text: `${name} ${folder}` }).map((row) => row.file);
          expect(here).toContain(FILES[file]);
        }
      }
      for (const [number, file] of FILES.entries()) {
        const sources = [ANA, BEN].filter((peer) => standingOf(peer).some((offer) => offer.file === number));
        expect([...catalog.sourcesOf(file)].sort()).toEqual(sources);
        expect(catalog.fileNameOf(file) !== "").toBe(found().some((row) => row.file === file));
        for (const name of ["x", "y"]) {
          const rows = found({ text: name }).filter((row) => row.file === file);
          const by = [ANA, BEN].filter((peer) =>
            standingOf(peer).some((offer) => offer.file === number && offer.name === name),
          );
          expect([...new Set(rows.flatMap((row) => row.sources))].sort()).toEqual(by);
          for (const row of rows) expect(row.sources.length + Number(row.mine)).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("[C1a] one name of several people is one row, in the folder of the first", () => {
  const { catalog, found } = newCatalog();
  catalog.apply(ANA, 0, share(0, "song.mp3", "Music"));
  catalog.apply(BEN, 0, share(0, "song.mp3", "Downloads"));
  expect(found()).toMatchObject([{ name: "song.mp3", folder: "Music", sources: [ANA, BEN] }]);
  expect(found({ text: "downloads" })).toHaveLength(1);
  expect(found({ of: BEN })).toMatchObject([{ folder: "Downloads" }]);
  catalog.drop(ANA);
  expect(found()).toMatchObject([{ folder: "Downloads", sources: [BEN] }]);
  expect(catalog.folderOf(FILES[0]!, "song.mp3")).toBe("Downloads");
});

test("[C1a] the same bytes under another name are a row of their own, and fetched from all their sources", () => {
  const { catalog, found } = newCatalog();
  catalog.apply(ANA, 0, share(0, "first.jpg", "there"));
  catalog.apply(BEN, 0, share(0, "second.jpg"));
  expect(found({ text: "second" })).toMatchObject([{ name: "second.jpg", folder: "", sources: [BEN] }]);
  expect(catalog.sourcesOf(FILES[0]!)).toEqual([ANA, BEN]);
  expect(catalog.folderOf(FILES[0]!, "first.jpg")).toBe("there");
  catalog.drop(ANA);
  expect(found({ text: "first" })).toEqual([]);
  expect(catalog.fileNameOf(FILES[0]!)).toBe("second.jpg");
});

test("[C1a] [C1b] every equal file of one person is there, and two with the same folders share their rows", () => {
  const { catalog, found } = newCatalog();
  const folders = ["pkg", "pkg/a", "pkg/b"];
  for (const author of [ANA, BEN])
    for (const [seq, folder] of folders.entries())
      catalog.apply(author, seq, share(0, "__init__.py", folder));
  expect(catalog.fileCountOf(BEN)).toBe(3);
  expect(found().map(({ folder, sources }) => [folder, sources.length])).toEqual(folders.map((f) => [f, 2]));
  catalog.apply(ANA, 3, { type: "unshare", share: 1 });
  expect(found({ of: ANA }).map(({ folder }) => folder)).toEqual(["pkg", "pkg/b"]);
  expect(found({ of: BEN })).toHaveLength(3);
});

test("[C1b] an author may offer one file by as many names as a library has entries", () => {
  const { catalog, found } = newCatalog();
  for (let seq = 0; seq < 100_000; seq++)
    catalog.apply(ANA, seq, seq % 2 === 0 ? share(0, `name ${seq}`) : share(0, "x", `${seq}`));
  expect(catalog.fileCountOf(ANA)).toBe(100_000);
  expect(found({ text: "99998" })[0]).toMatchObject({ name: "name 99998" });
  expect(found({ text: "99999" })[0]).toMatchObject({ name: "x", folder: "99999" });
  expect(catalog.sourcesOf(FILES[0]!)).toEqual([ANA]);
  catalog.drop(ANA);
  expect(found()).toEqual([]);
});

test("[C2] names and folders are safe to show, whatever their author sent", () => {
  const { catalog, found } = newCatalog();
  catalog.apply(ANA, 0, share(0, "../\u202Eexe.jpg", "/etc/../x"));
  expect(found()[0]).toMatchObject({ name: ".._exe.jpg", folder: "etc/x" });
});
