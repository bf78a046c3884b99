import { expect, test } from "vitest";
import { Crowd } from "../../sim/room/crowd.ts";
import { CROWD_SCENARIOS } from "../../sim/room/crowd-scenarios.ts";

/** Few enough for every run of the tests; `npm run sim` is for more seeds and larger rooms. */
const ROOMS: readonly (readonly [name: string, peers: number, seeds: number])[] = [
  ["room-of-N", 20, 5],
  ["room-churn", 20, 3],
  ["partition-and-heal", 20, 10],
  ["mass-failure", 30, 5],
  ["sybil", 40, 1],
  ["equivocator", 20, 8],
  ["late-joiner", 20, 5],
  ["clock-skew", 20, 4],
  ["server-gone", 20, 5],
  ["duplicate-reorder-replay", 20, 20],
];
/** Seconds of work, and a machine that may have more to do. */
const TIMEOUT_MS = 900_000;

test.each(ROOMS)(
  "%s, a room of %i, %i seeds: the scenario's conditions hold",
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

/** Their latencies are no whole milliseconds. */
const gather = (crowd: Crowd, peers: number): void => {
  crowd.comeWithin(peers, 500);
  crowd.pass(15_000);
};

test("the last frames of a peer that leaves arrive before the end of its links", () => {
  const crowd = new Crowd(1);
  gather(crowd, 8);
  const [leaver] = crowd.alive;
  crowd.leave(leaver!);
  crowd.pass(8_000);
  for (const { engine } of crowd.alive)
    expect(engine.people().map(({ peer }) => peer)).not.toContain(leaver!.id);
});

test("no frame on a link overtakes an earlier one, in whatever steps time passes", () => {
  const crowd = new Crowd(1);
  const { room } = crowd;
  const sentByLink = new Map<string, Uint8Array[]>();
  room.wire = ({ from, to, bytes }) => {
    const link = `${from.id} ${to.id}`;
    sentByLink.set(link, [...(sentByLink.get(link) ?? []), bytes]);
    return [{ bytes, lateMs: 0 }];
  };
  let came = 0;
  room.listener = ({ from, to, bytes }) => {
    came++;
    expect(sentByLink.get(`${from.id} ${to.id}`)?.shift()).toBe(bytes);
  };
  gather(crowd, 10);
  for (let i = 0; i < 20; i++) {
    room.grainMs = 50;
    crowd.post(crowd.someone());
    crowd.pass(130);
    room.grainMs = 1;
    crowd.post(crowd.someone());
    crowd.pass(170);
  }
  expect(came).toBeGreaterThan(1_000);
});
