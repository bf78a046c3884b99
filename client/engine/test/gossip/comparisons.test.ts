import { expect, test } from "vitest";
import { Comparisons, type Comparison } from "../../src/gossip/comparisons.ts";
import type { PeerId } from "../../src/names/peer-id.ts";

const [ada, ben, cid] = ["ada", "ben", "cid"] as unknown as [PeerId, PeerId, PeerId];

const comparing = () => {
  const room = { authors: 0, isFetching: false };
  const told: Comparison[] = [];
  const comparisons = new Comparisons(
    { authors: () => room.authors, isFetching: () => room.isFetching, neighbors: () => [ada] },
    () => 0.5,
  );
  const peerUp = (peer: PeerId, now: number): void => {
    const comparison = comparisons.peerUp(peer, now);
    if (comparison) told.push(comparison);
  };
  const tick = (now: number): void => void told.push(...comparisons.tick(now));
  return { room, comparisons, peerUp, tick, told: () => told.splice(0) };
};

test("[E10c] the first new neighbour is told at once, the next half a second later, and is asked as well", () => {
  const { comparisons, peerUp, tick, told } = comparing();
  for (const peer of [ada, ben, cid]) peerUp(peer, 0);
  expect(told()).toEqual([{ peer: ada, buckets: 64, isAnswer: true }]);
  expect([...comparisons.waiting()]).toEqual([ben, cid]);
  expect(comparisons.nextDeadline()).toBe(500);
  tick(499);
  expect(told()).toEqual([]);
  tick(500);
  expect(told()).toEqual([{ peer: ben, buckets: 64, isAnswer: false }]);
  expect([...comparisons.waiting()]).toEqual([cid]);
});

test("[E10c] while something is fetched the others wait, but not for more than two seconds and those before them", () => {
  const { room, comparisons, peerUp, tick, told } = comparing();
  peerUp(ada, 0);
  peerUp(ben, 0);
  peerUp(cid, 100);
  told();
  room.isFetching = true;
  expect(comparisons.nextDeadline()).toBe(2_000);
  tick(1_999);
  expect(told()).toEqual([]);
  tick(2_000);
  expect(told().map(({ peer }) => peer)).toEqual([ben]);
  expect(comparisons.nextDeadline()).toBe(2_500);
  tick(2_500);
  expect(told().map(({ peer }) => peer)).toEqual([cid]);
  expect(comparisons.nextDeadline()).toBe(60_000);
});

test("[E10a] [E10c] two neighbours that ask each other at one time tell each other once", () => {
  const { comparisons, peerUp, tick, told } = comparing();
  peerUp(ada, 0);
  peerUp(ben, 0);
  tick(500);
  expect(told().at(-1)).toEqual({ peer: ben, buckets: 64, isAnswer: false });
  expect(comparisons.heard(ben, false, 600)).toBe(false); // it asks: it answers our question, too
  expect(comparisons.heard(ben, false, 700)).toBe(true);
  expect(comparisons.heard(ben, true, 800)).toBe(false);
});

test("[E10c] a neighbour that asked by itself, or left, is not asked any more", () => {
  const { comparisons, peerUp, tick, told } = comparing();
  for (const peer of [ada, ben, cid]) peerUp(peer, 0);
  told();
  expect(comparisons.heard(ben, false, 0)).toBe(true);
  comparisons.peerDown(cid);
  tick(10_000);
  expect(told()).toEqual([]);
  expect(comparisons.nextDeadline()).toBe(60_000);
});

test("[E10] [E10f] where many authors are new and many known, the summary is a fine one; once a minute it never is", () => {
  const { room, peerUp, tick, told } = comparing();
  const bucketsWith = (authors: number, now: number): number => {
    room.authors = authors;
    peerUp(ben, now);
    return told()[0]!.buckets;
  };
  expect(bucketsWith(255, 0)).toBe(64);
  expect(bucketsWith(300, 1_000)).toBe(1024);
  expect(bucketsWith(315, 2_000)).toBe(64);
  expect(bucketsWith(331, 3_000)).toBe(1024);
  room.authors = 1_000;
  tick(60_000);
  expect(told()).toEqual([{ peer: ada, buckets: 64, isAnswer: false }]);
});
