/**
 * Rules that the compiler cannot express: the arrows between folders, the engine's purity (which forbids even some
 * globals of ES2023), promises that nobody waits for, and markup that would trust a peer's text.
 */
import js from "@eslint/js";
import prettier from "eslint-config-prettier/flat";
import svelte from "eslint-plugin-svelte";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";
import ts from "typescript-eslint";
import { arrows } from "./arrows.config.js";

/** An arrow points one way: these files import nothing whose specifier matches. */
const noImportOf = (files, regex, message) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [{ regex, message }] }] },
});

const NODE = "^node:|^(fs|path|os|crypto|http|net|dgram|child_process)(/|$)";
const BROWSER_LIBRARIES = "^(simple-peer|socket\\.io-client|idb|svelte)(/|$)";

/** A Uint8Array need not begin where its buffer does: one that is a part of another was written to in the wrong place. */
const VIEWS = {
  selector: "NewExpression[callee.name='DataView']",
  message:
    "Numbers in bytes are read and written with viewOf() of @swapmeet/engine/base/bytes, wherever the bytes begin.",
};

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "**/.tsc/",
    "**/.svelte-kit/",
    "**/test-results/",
    "**/playwright-report/",
    "**/bench-results/",
    "client/src/app/words/",
  ]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },

  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,

  {
    rules: {
      // The compiler has both, and knows more: types as values, and unused names with an underscore.
      "no-undef": "off",
      "@typescript-eslint/no-unused-vars": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["**/*.ts"],
    ignores: ["client/*.ts", "vitest.config.ts"],
    languageOptions: {
      parserOptions: {
        project: [
          "shared/tsconfig.json",
          "signaling/tsconfig.json",
          "client/engine/tsconfig.json",
          "client/tsconfig.{run,platform,app,testing,sim,node,peer,test}.json",
          "e2e/tsconfig.json",
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser } },
    rules: {
      "svelte/no-at-html-tags": "error",
      "svelte/no-target-blank": "error",
      "svelte/button-has-type": "error",
      "svelte/no-inline-styles": "off",
    },
  },

  {
    files: ["**/test/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.object.name='vi'][callee.property.name=/^wait/][arguments.length=1]",
          message:
            "It waits for a second, and assumes a pace: expect.poll, or a limit that only a hang reaches.",
        },
      ],
    },
  },

  // shared <- everything: it knows nobody, and runs on both ends.
  noImportOf(["shared/src/**"], `${NODE}|^@swapmeet/|${BROWSER_LIBRARIES}`, "shared is what both ends know."),
  ...arrows,
  noImportOf(["client/node/**"], "/(app|sim|test|peer)/", "A peer without a browser is platform and engine."),
  noImportOf(["e2e/**"], "client/|^@swapmeet/client", "e2e sees browsers only."),

  {
    files: ["client/engine/src/**"],
    rules: {
      // `now` and randomness are arguments; waiting, sending, hashing and storing are outputs.
      "no-restricted-globals": [
        "error",
        ...[
          "Date",
          "performance",
          "setTimeout",
          "setInterval",
          "setImmediate",
          "queueMicrotask",
          "requestAnimationFrame",
          "fetch",
          "crypto",
          "process",
          "console",
          "globalThis",
          "window",
          "self",
          "document",
          "navigator",
          "localStorage",
        ].map((name) => ({ name, message: "The engine is pure: ask for it, or make it an output." })),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Randomness is given to the engine." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: ":matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression)[async=true]",
          message: "The engine never waits: slow work is an output, answered by a later input.",
        },
        { selector: "NewExpression[callee.name='Promise']", message: "The engine never waits." },
        VIEWS,
      ],
    },
  },
  {
    files: ["client/src/platform/run/**"],
    rules: {
      // The names of browsers are unknown to its compiler; these come with the types of its libraries.
      "no-restricted-globals": [
        "error",
        ...["process", "Buffer", "global", "globalThis", "setImmediate", "fetch", "console"].map((name) => ({
          name,
          message: "The host runs in a page and in Node: ask for it.",
        })),
      ],
    },
  },
  {
    files: ["client/src/platform/**", "client/src/app/**", "client/testing/**", "client/sim/**"],
    rules: { "no-restricted-syntax": ["error", VIEWS] },
  },
  {
    // Command-line ends may speak.
    files: [
      "signaling/src/main.ts",
      "client/sim/**",
      "client/test/fuzz/main.ts",
      "signaling/bench/**",
      "e2e/**",
      "*.config.{js,ts}",
    ],
    languageOptions: { globals: globals.node },
    rules: { "no-console": "off" },
  },
);
