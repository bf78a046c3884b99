import { expect, test } from "vitest";
import { SWARM_SCENARIOS } from "../../sim/swarm/swarm-scenarios.ts";

/** Small enough for every run of the tests; sweeps are `npm run sim`. */
const SMALL = [
  "two",
  "chain",
  "many-to-one",
  "churn",
  "slow-seeder",
  "disk-full",
  "crash-everywhere",
  "partition",
];

test.each(SMALL)("%s: the scenario's conditions hold", (name) => {
  const scenario = SWARM_SCENARIOS[name]!;
  for (const seed of [1, 2]) scenario.run(scenario.peers, seed);
});

test("the same seed leaves the same trace, another seed another", () => {
  const { run } = SWARM_SCENARIOS["crash-everywhere"]!;
  const trace = run(3, 7).trace;
  expect(run(3, 7).trace).toBe(trace);
  expect(run(3, 8).trace).not.toBe(trace);
});
