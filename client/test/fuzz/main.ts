/**
 * `npm run fuzz`: a million inputs for every decoder. `npm run fuzz -- --decoder frame --count 5000 --seed 7` for some;
 * the seed of each run is printed, and the same seed makes the same inputs. An input that a decoder could not bear is
 * written to test/fixtures/crashers, where `npm test` tries it again in every run.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { DECODERS } from "./decoders.ts";
import { fuzz } from "./fuzzing.ts";

const CRASHERS = new URL("../fixtures/crashers/", import.meta.url);
/** Crashers of one decoder; more would show the same mistake over and over. */
const ENOUGH_CRASHERS = 5;

const { values } = parseArgs({
  options: {
    decoder: { type: "string", multiple: true },
    count: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const chosen = DECODERS.filter(({ name }) => values.decoder?.includes(name) ?? true);
if (chosen.length === 0 || !Number.isInteger(count) || !Number.isInteger(seed)) {
  console.error(
    `--decoder one of ${DECODERS.map(({ name }) => name).join(", ")}; --count and --seed numbers`,
  );
  process.exit(2);
}

console.log(`seed ${seed}, ${count.toLocaleString("en")} inputs each`);
await mkdir(CRASHERS, { recursive: true });
for (const decoder of chosen) {
  const began = performance.now();
  const crashers = await fuzz(decoder, seed, count, ENOUGH_CRASHERS);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${decoder.name}: ${crashers.length} crashers, ${seconds} s`);
  for (const crasher of crashers) {
    const path = new URL(`${crasher.decoder}-${crasher.seed}-${crasher.index}.json`, CRASHERS);
    await writeFile(path, `${JSON.stringify(crasher, null, 2)}\n`);
    console.log(`  input ${crasher.index}: ${crasher.problem.split("\n")[0]}`);
    process.exitCode = 1;
  }
}
