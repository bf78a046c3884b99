/** The small edition of `npm run fuzz`, and everything that it ever found. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DECODERS } from "./decoders.ts";
import { fuzz, inputOf, MAX_DECODE_MS, problemWith, type Crasher } from "./fuzzing.ts";
import { inputAt } from "./mutation.ts";

const CRASHERS = new URL("../fixtures/crashers/", import.meta.url);
const INPUTS = 10_000;
const SEED = 1;

describe.each(DECODERS)("the decoder of $name", (decoder) => {
  test(`bears ${INPUTS} changed and random inputs`, async () => {
    expect(await fuzz(decoder, SEED, INPUTS)).toEqual([]);
  });
});

describe("crashers of old", () => {
  const crashers = readdirSync(CRASHERS).map((path) => ({
    path,
    crasher: JSON.parse(readFileSync(new URL(path, CRASHERS), "utf8")) as Crasher,
  }));
  test.each(crashers)("$path is borne", async ({ crasher }) => {
    const decoder = DECODERS.find(({ name }) => name === crasher.decoder);
    expect(await problemWith(decoder!, inputOf(crasher))).toBe(null);
  });
});

describe("fuzzing itself", () => {
  test("the same seed makes the same inputs, another seed others", () => {
    for (const { corpus } of DECODERS) {
      const some = (seed: number) => Array.from({ length: 50 }, (_, index) => inputAt(corpus, seed, index));
      expect(some(3)).toEqual(some(3));
      expect(some(3)).not.toEqual(some(4));
    }
  });

  test("finds the decoder that throws and the one that dawdles, and says with which input", async () => {
    const corpus = ["good"];
    const throwing = { name: "throwing", corpus, decode: (text: string) => void decodeURIComponent(text) };
    const [crasher] = await fuzz(throwing as (typeof DECODERS)[number], SEED, INPUTS);
    expect(crasher?.problem).toContain("URIError");
    expect(() => decodeURIComponent(crasher!.text!)).toThrow(URIError);
    expect(inputAt(corpus, SEED, crasher!.index!)).toBe(inputOf(crasher!));

    const dawdling = () => {
      for (const began = process.cpuUsage(); process.cpuUsage(began).user <= MAX_DECODE_MS * 1000;);
    };
    expect(await problemWith({ name: "dawdling", corpus, decode: dawdling }, "good")).toMatch(
      /^took \d+ ms$/,
    );
  });
});
