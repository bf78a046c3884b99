/** Checks that all that PROTOCOL.md, README.md and CONTRIBUTING.md cite exists, and all rules that the code quotes. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MADE = /(^|\/)(node_modules|dist|\.tsc|\.git|test-results|bench-results|playwright-report)(\/|$)/;
const SOURCE = /\.(ts|mjs|js|svelte|css|html|py)$/;
const LONGEST_RULE = 450;

const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** All files below a folder of the repository, as paths from its root; nothing that was installed or built. */
const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (MADE.test(path)) return [];
    return entry.isDirectory() ? filesIn(path) : [path];
  });

const FOLDERS = ["client", "signaling", "shared", "e2e"];
const FILES = FOLDERS.flatMap(filesIn);
const SOURCES = FILES.filter((path) => SOURCE.test(path));
const PROTOCOL = textOf("shared/PROTOCOL.md");
const rules = [...PROTOCOL.matchAll(/^- \*\*\[(\w+)\]\*\* (.*)$/gm)].map(([, id, text]) => ({
  id: id!,
  text: text!,
}));
const ruleIds = new Set(rules.map(({ id }) => id));

/** "[W3a]", "rule E3", "rules I1 to I5 and I9", "PROTOCOL.md, W6 to W8", also over the lines of a comment. */
const rulesQuotedIn = (text: string): string[] => {
  const inBrackets = [...text.matchAll(/\[([A-Z]\d+[a-z]?)\]/g)].map(([, id]) => id!);
  const inWords = [
    ...text.matchAll(/(?:\brules?|PROTOCOL\.md,)\s((?:[A-Z]\d+[a-z]?\b|to\b|and\b|[\s,*])+)/g),
  ];
  return [...inBrackets, ...inWords.flatMap(([, list]) => list!.match(/[A-Z]\d+[a-z]?/g) ?? [])];
};

describe.each([
  "shared/PROTOCOL.md",
  "shared/ARCHITECTURE.md",
  "e2e/bench/README.md",
  "README.md",
  "CONTRIBUTING.md",
  "signaling/README.md",
  "signaling/deploy/README.md",
  "client/peer/README.md",
])("%s", (document) => {
  const text = textOf(document);

  test("no sentence has a bare 'who', 'what' or 'of' for its subject", () => {
    // Questions are none, and CONTRIBUTING shows such sentences in the left column of a table.
    const bare = text.match(/(?:[.:;] |^|^- \*\*\[\w+\]\*\* )(?:Who|What|Of|Whose|Whom) [a-z][^.?|]*\./gm);
    expect(bare ?? []).toEqual([]);
  });

  test("every path that it cites exists", () => {
    const paths = [...text.matchAll(/(?<![\w./@-])(?:client|signaling|shared|e2e|\.ci)\/[\w./-]*/g)];
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) =>
      join(document, "..", path!),
    );
    const cited = [...paths.map(([path]) => path.replace(/[.-]+$/, "")), ...links];
    expect(cited.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("every file that it cites by its name alone is somewhere", () => {
    const names = [...text.matchAll(/`([\w.-]+\.(?:ts|mjs|svelte))`/g)].map(([, name]) => name!);
    const known = new Set(FILES.map((path) => basename(path)));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  test("every rule that it quotes exists", () => {
    expect(rulesQuotedIn(text).filter((id) => !ruleIds.has(id))).toEqual([]);
  });
});

describe("the rules of PROTOCOL.md", () => {
  test("are all found, and none is wrapped", () => {
    expect(rules.length).toBe((PROTOCOL.match(/\*\*\[/g) ?? []).length);
    expect(rules.length).toBeGreaterThan(200);
  });

  test("have each a number of their own", () => {
    expect(rules.map(({ id }) => id).filter((id, at, ids) => ids.indexOf(id) !== at)).toEqual([]);
  });

  test("with a letter follow the rule that they are a part of, letter by letter", () => {
    const before = ({ id }: { id: string }): string =>
      id.endsWith("a")
        ? id.slice(0, -1)
        : id.slice(0, -1) + String.fromCharCode(id.charCodeAt(id.length - 1) - 1);
    const lettered = rules.filter(({ id }) => /[a-z]$/.test(id));
    expect(lettered.filter((rule) => rules[rules.indexOf(rule) - 1]!.id !== before(rule))).toEqual([]);
  });

  test(`are no longer than ${LONGEST_RULE} characters`, () => {
    expect(rules.filter(({ text }) => text.length > LONGEST_RULE)).toEqual([]);
  });

  test("are there, wherever a test or a comment quotes one", () => {
    const missing = SOURCES.flatMap((path) =>
      rulesQuotedIn(textOf(path))
        .filter((id) => !ruleIds.has(id))
        .map((id) => `${path}: ${id}`),
    );
    expect(missing).toEqual([]);
  });
});

test("PROTOCOL's vocabulary explains each term with earlier ones alone", () => {
  const chapter = PROTOCOL.slice(PROTOCOL.indexOf("## Vocabulary"), PROTOCOL.indexOf("## Bytes"));
  const terms = [...chapter.matchAll(/^- \*\*([^*]+)\*\*: (.*)$/gm)].map(([, term, text]) => ({
    term: term!,
    text: text!,
  }));
  expect(terms.length).toBeGreaterThan(50);
  const early = terms.flatMap(({ term, text }, at) =>
    terms
      .slice(at + 1)
      .filter((later) => new RegExp(`\\b${later.term}(s|es)?\\b`, "i").test(text))
      .map((later) => `${term}: ${later.term}`),
  );
  expect(early).toEqual([]);
});

test("PROTOCOL's table of labels has all that the code signs, seals or derives with, and no other", () => {
  const [, section] = /^### Labels$([^]*?)^### /m.exec(PROTOCOL) ?? [];
  const told = [...section!.matchAll(/^\| `(swapmeet [^`]+)` .*`([\w./-]+)` +\|$/gm)].map(
    ([, label, path]) => `${label!.replaceAll("\\|", "|")} in ${path}`,
  );
  const inCode = SOURCES.filter((path) =>
    /^(client\/engine\/src|client\/src|signaling\/src|shared\/src)\//.test(path),
  )
    .filter((path) => statSync(join(ROOT, path)).isFile())
    .flatMap((path) =>
      [...textOf(path).matchAll(/["'`](swapmeet [\w ]*\bv\d+[^"'`$]*)/g)].map(
        ([, label]) => `${label!} in ${path}`,
      ),
    );
  expect(told.sort()).toEqual([...new Set(inCode)].sort());
});
