import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalog } from "../src/engine/catalog.ts";
import type { Entry } from "../src/engine/entry.ts";
import { fileIdOf } from "../src/engine/file-id.ts";
import type { PeerId } from "../src/engine/peer-id.ts";
import type { SearchQuery } from "../src/engine/view.ts";

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
  const catalog = new Catalog({ me: ME, sourcesChanged: () => {} });
  const found = (query: Partial<SearchQuery> = {}) => catalog.search({ ...EVERYTHING, ...query }).rows;
  return { catalog, found };
};

test("[C1] whatever is shared, shared again, taken back and dropped, the catalog is what stands", () => {
  const author = fc.constantFrom(ME, ANA, BEN);
  const steps = fc.array(
    fc.oneof(
      fc.record({
        what: fc.constant("share" as const),
        author,
        file: fc.nat(2),
        name: fc.constantFrom("x", "y"),
      }),
      fc.record({ what: fc.constant("unshare" as const), author, share: fc.nat(6) }),
      fc.record({ what: fc.constant("drop" as const), author }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (steps) => {
      const { catalog, found } = newCatalog();
      /** By author: what each entry of its feed offers, as long as it does. */
      const offers = new Map(
        [ME, ANA, BEN].map((peer) => [peer, [] as ({ file: number; name: string } | null)[]]),
      );
      for (const step of steps) {
        const own = offers.get(step.author)!;
        if (step.what === "drop") {
          catalog.drop(step.author);
          own.length = 0;
        } else if (step.what === "share") {
          catalog.apply(step.author, own.length, share(step.file, step.name));
          own.push(own.some((offer) => offer?.file === step.file) ? null : step);
        } else {
          catalog.apply(step.author, own.length, { type: "unshare", share: step.share });
          if (step.share < own.length) own[step.share] = null;
          own.push(null);
        }
      }
      const sourcesOf = (file: number, of = [ANA, BEN]) =>
        of.filter((peer) => offers.get(peer)!.some((offer) => offer?.file === file));
      for (const [peer, own] of offers) {
        const standing = own.flatMap((offer, seq) => (offer ? [seq] : []));
        expect(catalog.fileCountOf(peer)).toBe(standing.length);
        expect(catalog.sharesOf(peer, new Set(FILES))).toEqual(standing);
        if (peer !== ME)
          expect(
            found({ of: peer })
              .map(({ file }) => file)
              .sort(),
          ).toEqual(FILES.filter((_, file) => sourcesOf(file, [peer]).length > 0));
      }
      for (const [number, file] of FILES.entries()) {
        const [row] = found().filter((row) => row.file === file);
        const isMine = sourcesOf(number, [ME]).length > 0;
        expect([...catalog.sourcesOf(file)].sort()).toEqual(sourcesOf(number));
        expect(row?.sources.length).toBe(
          isMine || sourcesOf(number).length > 0 ? sourcesOf(number).length : undefined,
        );
        expect(row?.mine ?? false).toBe(isMine);
        for (const peer of [ANA, BEN])
          for (const offer of offers.get(peer)!)
            if (offer?.file === number)
              expect(found({ text: offer.name }).map(({ file }) => file)).toContain(file);
      }
    }),
    { numRuns: 300 },
  );
});

test("[C1] a file goes by the name it was first offered by, until nobody offers it by that", () => {
  const { catalog, found } = newCatalog();
  catalog.apply(ANA, 0, share(0, "first.jpg", "there"));
  catalog.apply(BEN, 0, share(0, "second.jpg"));
  const [row] = found({ text: "second" });
  expect(row).toMatchObject({ name: "first.jpg", folder: "there", sources: [ANA, BEN] });
  catalog.drop(ANA);
  expect(found({ text: "first" })).toEqual([]);
  expect(catalog.fileNameOf(FILES[0]!)).toBe("second.jpg");
  expect(catalog.folderOf(FILES[0]!)).toBe("");
});

test("[C1] an author that offers one file by ever more names is found by one of them", () => {
  const { catalog, found } = newCatalog();
  for (let seq = 0; seq < 1_000; seq++) catalog.apply(ANA, seq, share(0, `name ${seq}`));
  expect(catalog.fileCountOf(ANA)).toBe(1);
  expect(found({ text: "name 999" })).toEqual([]);
  expect(found({ text: "name 0" })).toHaveLength(1);
});

test("[C2] names and folders are safe to show, whatever their author sent", () => {
  const { catalog, found } = newCatalog();
  catalog.apply(ANA, 0, share(0, "../\u202Eexe.jpg", "/etc/../x"));
  expect(found()[0]).toMatchObject({ name: "_._exe.jpg", folder: "etc/x" });
});
