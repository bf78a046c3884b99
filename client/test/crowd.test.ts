import { expect, test } from "vitest";
import { CROWD_SCENARIOS } from "../sim/crowd-scenarios.ts";

/** Few enough for every run of the tests; `npm run sim` is for more seeds and larger rooms. */
const ROOMS: readonly (readonly [name: string, peers: number, seeds: number])[] = [
  ["room-of-N", 20, 5],
  ["room-churn", 20, 3],
  ["partition-and-heal", 20, 10],
  ["mass-failure", 30, 5],
  ["sybil", 20, 2],
  ["equivocator", 20, 8],
  ["late-joiner", 20, 5],
  ["clock-skew", 20, 4],
  ["server-gone", 20, 5],
  ["duplicate-reorder-replay", 20, 20],
];
/** Seconds of work, and a machine that may have more to do. */
const TIMEOUT_MS = 120_000;

test.each(ROOMS)(
  "%s, a room of %i, %i seeds: what must hold in it holds",
  (name, peers, seeds) => {
    for (let seed = 1; seed <= seeds; seed++)
      expect(() => CROWD_SCENARIOS[name]!.run(peers, seed), `seed ${seed}`).not.toThrow();
  },
  TIMEOUT_MS,
);

test("the same seed leaves the same trace, another seed another", () => {
  const { run } = CROWD_SCENARIOS["late-joiner"]!;
  const { trace } = run(8, 3);
  expect(run(8, 3).trace).toBe(trace);
  expect(run(8, 4).trace).not.toBe(trace);
});
