/** The repository itself: folders and files of a size that one can survey, and arrows that ESLint holds. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import ts from "typescript-eslint";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Wing {
  readonly rooms: Readonly<Record<string, readonly string[]>>;
}
const { WINGS } = (await import(join(ROOT, "arrows.config.js"))) as {
  readonly WINGS: Readonly<Record<string, Wing>>;
};

const NOT_OURS =
  /(^|\/)(node_modules|dist|\.tsc|test-results|bench-results|playwright-report|src\/app\/words)\//;
const files = ["client", "signaling", "shared", "e2e"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((path) => posix.join(folder, path.replaceAll("\\", "/")))
    .filter((path) => /\.(ts|mts|mjs|js|svelte|css)$/.test(path) && !NOT_OURS.test(path)),
);

describe("sizes", () => {
  const MAX_FILES = 15;
  const MAX_LINES = 400;
  /** Files that may be longer, each with the reason. */
  const LONG: Readonly<Record<string, string>> = {
    "client/engine/src/catalog/search.ts": "one index in arrays, which all its methods share",
    "client/engine/src/gossip/gossip.ts": "where the parts of gossip meet",
    "client/engine/src/links/links.ts": "where the parts of links meet",
    "client/engine/src/people/presence.ts": "one state of a person, and all that changes it",
    "client/engine/src/swarm/download/download.ts": "where the parts of one download meet",
    "client/engine/src/wire/frame-codec.ts": "the bytes of all frames, one after the other",
    "client/sim/room/crowd-scenarios.ts": "all scenarios of rooms, one after the other",
    "client/sim/room/room.ts": "one simulated room, with all that can happen in it",
    "client/engine/test/catalog/search.test.ts": "the rules of one part",
    "client/engine/test/gossip/gossip-liars.test.ts": "the lies that one part has to withstand",
    "client/engine/test/gossip/gossip.test.ts": "the rules of one part",
    "client/engine/test/links/introductions.test.ts": "the rules of one part",
    "client/engine/test/links/relay.test.ts": "the rules of one part",
    "client/engine/test/overlay/overlay.test.ts": "the rules of one part",
    "client/engine/test/people/direct-message.test.ts": "the rules of one part",
    "client/engine/test/people/presence.test.ts": "the rules of one part",
  };

  test(`no folder holds more than ${MAX_FILES} files of source`, () => {
    const countByFolder = new Map<string, number>();
    for (const file of files)
      countByFolder.set(posix.dirname(file), (countByFolder.get(posix.dirname(file)) ?? 0) + 1);
    expect([...countByFolder].filter(([, count]) => count > MAX_FILES)).toEqual([]);
  });

  test(`no file has more than ${MAX_LINES} lines without a reason, and no reason outlives its file`, () => {
    const long = files.filter(
      (file) => readFileSync(join(ROOT, file), "utf8").trimEnd().split("\n").length > MAX_LINES,
    );
    expect(long.filter((file) => !(file in LONG))).toEqual([]);
    expect(Object.keys(LONG).filter((file) => !long.includes(file))).toEqual([]);
  });
});

describe("arrows", () => {
  const eslint = new ESLint({ cwd: ROOT, overrideConfig: [ts.configs.disableTypeChecked as never] });
  /** ESLint's messages about the imports of a file that contains this one import and nothing else. */
  const refusals = async (filePath: string, specifier: string): Promise<string[]> => {
    const [result] = await eslint.lintText(`import "${specifier}";\n`, { filePath: join(ROOT, filePath) });
    return result!.messages
      .filter(({ ruleId, fatal }) => fatal || ruleId === "no-restricted-imports")
      .map(({ message }) => message);
  };

  for (const [wing, { rooms }] of Object.entries(WINGS))
    test(`${wing}: ESLint refuses every arrow between folders that is not in arrows.config.js, and no other`, async () => {
      for (const [room, uses] of Object.entries(rooms))
        for (const other of Object.keys(rooms)) {
          const path = posix.relative(room, posix.join(other, "file.ts"));
          const specifier = path.startsWith(".") ? path : `./${path}`;
          const found = await refusals(posix.join(wing, room, "fixture.ts"), specifier);
          const isAllowed = other === room || uses.includes(other);
          expect(found, `${room} -> ${other}`).toHaveLength(isAllowed ? 0 : 1);
        }
    });

  test.each([
    ["client/engine/src/gossip/fixture.ts", "node:fs"],
    ["client/engine/src/gossip/fixture.ts", "../../../src/platform/run/host.ts"],
    ["client/src/platform/run/fixture.ts", "../../app/main.ts"],
    ["client/src/app/find/fixture.ts", "simple-peer"],
    ["shared/src/fixture.ts", "@swapmeet/engine"],
    ["signaling/src/fixture.ts", "@swapmeet/engine"],
    ["e2e/tests/fixture.ts", "../../client/src/app/main.ts"],
  ])("%s imports nothing from %s", async (file, specifier) => {
    expect(await refusals(file, specifier)).toHaveLength(1);
  });

  test("the engine's package gives out the files that its exports list, and nothing else", () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, "client/engine/package.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    const resolve = (specifier: string) =>
      execFileSync(
        process.execPath,
        ["--input-type=module", "-e", `console.log(import.meta.resolve("${specifier}"))`],
        { cwd: join(ROOT, "client"), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
      );
    expect(resolve("@swapmeet/engine")).toContain(posix.join("engine", exports["."]!));
    expect(() => resolve("@swapmeet/engine/gossip/archive")).toThrow();
    expect(Object.keys(exports)).not.toContain("./gossip/archive");
  });
});
