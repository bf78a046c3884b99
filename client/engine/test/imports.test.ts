/** Imports have no circles: no file of the sources reaches itself again, types included. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SOURCES = [
  "client/engine/src",
  "client/src",
  "client/sim",
  "client/node",
  "shared/src",
  "signaling/src",
];
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g;

const packageOf = (path: string): { exports: Record<string, string> } =>
  JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8")) as { exports: Record<string, string> };
const PACKAGES = ["client/engine", "shared"].map((path) => ({
  name: path === "shared" ? "@swapmeet/shared" : "@swapmeet/engine",
  path,
  exports: packageOf(path).exports,
}));

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((file) => !file.includes("node_modules/"));

/** The file that a specifier names, or null when it lies outside the sources. */
const targetOf = (file: string, specifier: string): string | null => {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(file), specifier);
  const owner = PACKAGES.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  const target = owner?.exports[`.${specifier.slice(owner.name.length)}`];
  return owner && target ? posix.join(owner.path, target) : null;
};

/** The files of the first circle that is met, in the order they import each other; none: an empty list. */
const circleIn = (importsByFile: ReadonlyMap<string, readonly string[]>): string[] => {
  const path: string[] = [];
  const done = new Set<string>();
  const walk = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of importsByFile.get(file) ?? []) {
      const circle = walk(next);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of importsByFile.keys()) {
    const circle = walk(file);
    if (circle.length > 0) return circle;
  }
  return [];
};

test("no file imports itself through others", () => {
  const files = SOURCES.flatMap(filesIn);
  const importsByFile = new Map(
    files.map((file) => {
      const text = readFileSync(join(ROOT, file), "utf8");
      const specifiers = [...text.matchAll(IMPORT)].map(([, specifier]) => specifier!);
      return [file, specifiers.flatMap((specifier) => targetOf(file, specifier) ?? [])];
    }),
  );
  expect(importsByFile.get("client/engine/src/parts.ts")).toContain("client/engine/src/swarm/swarm.ts");
  expect(importsByFile.get("client/sim/swarm/swarm-node.ts")).toContain("client/engine/src/swarm/swarm.ts");
  expect(circleIn(importsByFile)).toEqual([]);
});

test("a circle is found from any file where the walk begins", () => {
  const circle = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["d"]],
    ["d", ["b"]],
  ]);
  expect(circleIn(circle)).toEqual(["b", "c", "d", "b"]);
});
