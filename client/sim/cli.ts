/** `npm run sim -- --scenario NAME [--peers N] [--seed S | --seeds A..B]`: names a failed seed, with exit code 1. */
import { argv, cpuUsage, exit, resourceUsage } from "node:process";
import { parseArgs } from "node:util";
import { CROWD_SCENARIOS } from "./room/crowd-scenarios.ts";
import { SWARM_SCENARIOS } from "./swarm/swarm-scenarios.ts";

const SCENARIOS = { ...SWARM_SCENARIOS, ...CROWD_SCENARIOS };

const USAGE = `npm run sim -- --scenario NAME [--peers N] [--seed S | --seeds A..B]

${Object.entries(SCENARIOS)
  .map(([name, { about, peers }]) => `  ${name.padEnd(24)} ${about} (${peers} peers)`)
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

const cost = (): string => {
  const { user, system } = cpuUsage();
  return `${((user + system) / 1e6).toFixed(1)} s of CPU, ${Math.round(resourceUsage().maxRSS / 1024)} MiB`;
};

const tell = (figure: string): void => console.error(`  ${figure} (after ${cost()})`);

let failed = 0;
for (let seed = from; seed <= to; seed++) {
  try {
    const { figures, trace } = scenario.run(peers, seed, from === to ? tell : undefined);
    const summary = [...figures, cost(), `trace ${trace}`].join(", ");
    if (from === to) console.log(`${values.scenario}, ${peers} peers, seed ${seed}: ${summary}`);
  } catch (problem) {
    failed++;
    console.error(`${values.scenario}, ${peers} peers, seed ${seed}: ${String(problem)}`);
  }
}
if (from !== to) console.log(`${values.scenario}, ${peers} peers: ${to - from + 1} seeds, ${failed} failed`);
exit(failed > 0 ? 1 : 0);
