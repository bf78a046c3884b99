/**
 * The words of the page: `src/app/FEATURE/catalogue/LOCALE.json`, compiled by Paraglide into one function for each message,
 * in `src/app/words`, which is not in git. The format is that of inlang's message-format plugin, which is read from
 * node_modules: nothing is fetched while building or running, and nothing is evaluated.
 *
 * Why Paraglide and not wuchale: a message is named, typed and tested to be used. wuchale finds words by their look; here it
 * took names of keys for words and left out every word that begins small. Paraglide stays at 2.23, because from 2.24 on it
 * brings 470 MB of a database.
 */
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile, paraglideVitePlugin, type CompilerOptions } from "@inlang/paraglide-js";
import type { Plugin } from "vite";
import settings from "./project.inlang/settings.json" with { type: "json" };

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A catalogue for each feature. */
const cataloguePaths = settings["plugin.inlang.messageFormat"].pathPattern.map((pattern) =>
  pattern.replace("{locale}", settings.baseLocale),
);
const compiledPath = `./src/app/words/messages/${settings.baseLocale}.js`;

const options = {
  project: here("./project.inlang"),
  outdir: here("./src/app/words"),
  outputStructure: "locale-modules",
  strategy: ["baseLocale"],
  emitReadme: false,
} satisfies CompilerOptions;

/** Compiles the catalogues, and again whenever one changes while Vite watches. A build prints nothing about it. */
export const words: Plugin[] = [
  ...[paraglideVitePlugin(options) as Plugin | Plugin[]]
    .flat()
    .map((plugin) => ({ ...plugin, apply: "serve" as const })),
  { name: "words", apply: "build", buildStart: () => compileWords() },
];

/** Compiles them, unless that is done, for whatever runs without Vite's build: tests and the type check. */
export const compileWords = async (): Promise<void> => {
  const compiled = statSync(here(compiledPath), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = ["./words.config.ts", "./project.inlang/settings.json", ...cataloguePaths];
  if (sources.some((path) => statSync(here(path)).mtimeMs >= compiled)) await compile(options);
};

/**
 * As long as there is one language, it is not chosen while the page runs. A build takes the messages of that language
 * themselves, and puts those without parameters where they are used: Svelte makes a part of the template of them, where 300
 * calls would cost the first paint 4 KB.
 */
export const oneLanguage: Plugin = {
  name: "one-language",
  apply: (_, { command }) => command === "build" && settings.locales.length === 1,
  enforce: "pre",
  resolveId: {
    filter: { id: /^\.\/messages\/_index\.js$/ },
    handler: () => here(compiledPath),
  },
  transform: {
    filter: { id: /\/src\/app\/.*\.(svelte|ts)$/ },
    handler: (code) =>
      code
        .replace(/(?<!\$)(=?)\{m\.(\w+)\(\)\}/g, (call, equals: string, key: string) => {
          const text = texts[key];
          return text === undefined ? call : equals === "" ? escaped(text) : `="${escaped(text)}"`;
        })
        .replace(/\bm\.(\w+)\(\)/g, (call, key: string) =>
          texts[key] === undefined ? call : JSON.stringify(texts[key]),
        ),
  },
};

/** Messages without parameters, by key. */
const texts: Readonly<Record<string, string>> = Object.fromEntries(
  cataloguePaths
    .flatMap((path) =>
      Object.entries(JSON.parse(readFileSync(here(path), "utf8")) as Record<string, unknown>),
    )
    .filter((entry): entry is [string, string] => typeof entry[1] === "string" && !entry[1].includes("{")),
);

const escaped = (text: string): string => text.replace(/[&<>"{}]/g, (sign) => `&#${sign.charCodeAt(0)};`);
