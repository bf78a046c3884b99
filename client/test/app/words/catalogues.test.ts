import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import settings from "../../../project.inlang/settings.json" with { type: "json" };
import { literalsInComponent, literalsInModule } from "./literals.ts";

const APP = fileURLToPath(new URL("../../../src/app/", import.meta.url));

/** Source files of the page by their path; the gallery's scenes are made of invented words. */
const sources = new Map(
  readdirSync(APP, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(svelte|ts)$/.test(path) && !/^(gallery|words)\//.test(path))
    .map((path) => [path, readFileSync(join(APP, path), "utf8")] as const),
);
const features = readdirSync(APP).filter((folder) => existsSync(join(APP, folder, "catalogue")));
const keysOf = (feature: string): string[] =>
  Object.keys(JSON.parse(readFileSync(join(APP, feature, "catalogue", "en.json"), "utf8")) as object);

/** Messages that this file uses. */
const usedIn = (source: string): string[] => [...source.matchAll(/\bm\.(\w+)\(/g)].map((match) => match[1]!);
const featureOf = (path: string): string => (path.includes("/") ? path.split("/")[0]! : "shell");

describe("words for people", () => {
  test("are read from a catalogue in every component and module", () => {
    const literals = [...sources].flatMap(([path, source]) =>
      (path.endsWith(".svelte") ? literalsInComponent(source) : literalsInModule(source)).map(
        (text) => `${path}: ${text}`,
      ),
    );
    expect(literals).toEqual([]);
  });

  test.each([
    ["<p>Hello</p>", "Hello"],
    ["<p>{count} files</p>", "files"],
    ['<button aria-label="Close {name}">{name}</button>', "Close"],
    ['<a title={isOpen ? "Fold" : name}>{name}</a>', "Fold"],
    ["<input placeholder={`Find ${name}`} />", "Find"],
    ['<Dialog title="Settings" />', "Settings"],
    ['{#if open}{isLong ? "Less" : ""}{/if}', "Less"],
    ['<script>const words = "Nobody is here";</script>', "Nobody is here"],
  ])("are found in %s", (source, found) => {
    expect(literalsInComponent(source)).toEqual([found]);
  });

  test.each([
    '<p class="quiet cut">{m.board_reply()}</p>',
    '<p title={m.board_reply()} data-kind="some kind">swapmeet</p>',
    '<button onkeydown={(event) => event.key === "Escape"}>{formatCount(1)}</button>',
    '<script>throw new Error("this is a bug");</script>',
  ])("are not found in %s", (source) => {
    expect(literalsInComponent(source)).toEqual([]);
  });
});

describe("a catalogue", () => {
  test("is compiled for every feature that has one", () => {
    expect(settings["plugin.inlang.messageFormat"].pathPattern).toEqual(
      features.map((feature) => `./src/app/${feature}/catalogue/{locale}.json`),
    );
  });

  test.each(features)("for %s has no unused message", (feature) => {
    const used = new Set([...sources.values()].flatMap(usedIn));
    expect(keysOf(feature).filter((key) => !used.has(key))).toEqual([]);
  });

  test.each(features)("for %s has messages whose keys begin with its name", (feature) => {
    expect(keysOf(feature).filter((key) => !key.startsWith(`${feature}_`))).toEqual([]);
  });

  test("is used by its feature alone, and that of the parts by all", () => {
    const strange = [...sources].flatMap(([path, source]) =>
      usedIn(source)
        .filter((key) => !key.startsWith(`${featureOf(path)}_`) && !key.startsWith("parts_"))
        .map((key) => `${path}: ${key}`),
    );
    expect(strange).toEqual([]);
  });
});
