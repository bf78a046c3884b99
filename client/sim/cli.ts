/** `npm run sim -- --scenario NAME [--peers N] [--seed S | --seeds A..B]`: exit code 1 names the seed that failed. */
import { argv, exit } from "node:process";
import { parseArgs } from "node:util";
import { SCENARIOS, type Outcome } from "./scenarios.ts";

const USAGE = `npm run sim -- --scenario NAME [--peers N] [--seed S | --seeds A..B]

${Object.entries(SCENARIOS)
  .map(([name, { about, peers }]) => `  ${name.padEnd(18)} ${about} (${peers} peers)`)
  .join("\n")}`;

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    scenario: { type: "string" },
    peers: { type: "string" },
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
  },
});

const scenario = SCENARIOS[values.scenario ?? ""];
const [from, to] = (values.seeds ?? `${values.seed}..${values.seed}`).split("..").map(Number);
const peers = Number(values.peers ?? scenario?.peers);
if (!scenario || from === undefined || to === undefined || !(from <= to) || !(peers >= 2)) {
  console.error(USAGE);
  exit(2);
}

const summary = ({ seconds, timesBound, originCopies, wastedBytes, refused, trace }: Outcome): string =>
  [
    `${seconds.toFixed(2)} s`,
    timesBound === null ? null : `${timesBound.toFixed(3)} times the bound`,
    `origin sent ${originCopies.toFixed(2)} copies`,
    `${wastedBytes} bytes twice`,
    `${refused} refused`,
    `trace ${trace}`,
  ]
    .filter((part) => part !== null)
    .join(", ");

let failed = 0;
for (let seed = from; seed <= to; seed++) {
  try {
    const outcome = scenario.run(peers, seed);
    if (from === to) console.log(`${values.scenario}, ${peers} peers, seed ${seed}: ${summary(outcome)}`);
  } catch (problem) {
    failed++;
    console.error(`${values.scenario}, ${peers} peers, seed ${seed}: ${String(problem)}`);
  }
}
if (from !== to) console.log(`${values.scenario}, ${peers} peers: ${to - from + 1} seeds, ${failed} failed`);
exit(failed > 0 ? 1 : 0);
