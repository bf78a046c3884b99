/** The way of a connection, from statistics as Chromium and Firefox give them. */
import { describe, expect, test } from "vitest";
import { routeIn, type Stat } from "../../../src/platform/run/route.ts";

const ends = (local: string, remote: string): Stat[] => [
  { type: "local-candidate", id: "L1", candidateType: "host" },
  { type: "local-candidate", id: "L2", candidateType: local },
  { type: "remote-candidate", id: "R1", candidateType: "srflx" },
  { type: "remote-candidate", id: "R2", candidateType: remote },
];
const unused: Stat = {
  ...{ type: "candidate-pair", id: "P1", localCandidateId: "L1", remoteCandidateId: "R1" },
  ...{ state: "succeeded", nominated: false },
};
const used = (more: Partial<Stat>): Stat => ({
  ...{ type: "candidate-pair", id: "P2", localCandidateId: "L2", remoteCandidateId: "R2" },
  ...more,
});

/** The pair in use, as each browser marks it. */
const BROWSERS: Record<string, readonly Stat[]> = {
  Chromium: [used({}), { type: "transport", id: "T", selectedCandidatePairId: "P2" }],
  "an older Firefox": [used({ selected: true })],
  "another browser": [used({ nominated: true, state: "succeeded" })],
};

describe.each(Object.entries(BROWSERS))("[J16] in %s", (_, marks) => {
  test.each([
    ["host", "host", "direct"],
    ["srflx", "prflx", "direct"],
    ["relay", "srflx", "turn"],
    ["prflx", "relay", "turn"],
    ["relay", "relay", "turn"],
  ])("a connection from %s to %s is %s", (local, remote, route) => {
    expect(routeIn([...ends(local, remote), unused, ...marks])).toBe(route);
  });
});

test("[J16] while no pair is in use there is no way", () => {
  expect(routeIn([])).toBe(null);
  expect(routeIn([...ends("relay", "relay"), unused, { type: "transport", id: "T" }])).toBe(null);
});
