import { expect, test } from "vitest";
import { equalBytes } from "../../src/base/bytes.ts";
import type { FileId } from "../../src/names/file-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";
import { MAX_BLOCK_BYTES, type SwarmFrame } from "../../src/wire/frame.ts";
import { Meeting } from "../../../sim/swarm/meeting.ts";
import { SWARM_SCENARIOS } from "../../../sim/swarm/swarm-scenarios.ts";
import type { SwarmNode, Tamper } from "../../../sim/swarm/swarm-node.ts";

const MIB = 1024 * 1024;
const PIECE = 256 * 1024;
const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);

const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte));

interface Outcome {
  readonly meeting: Meeting;
  readonly receiver: SwarmNode;
  readonly file: FileId;
  readonly wastedBytes: number;
}

/** One receiver, three honest sources and liars; whatever they do, the file arrives and nobody honest is refused. */
const fetchBesideLiars = (
  seed: number,
  liars: readonly Tamper[],
  expected: readonly Refusal[],
  length = 4 * MIB + 7,
  slowest = 300_000,
): Outcome => {
  const meeting = new Meeting(seed);
  const receiver = meeting.peer();
  const bytes = meeting.random.bytes(length);
  const honest = Array.from({ length: 3 }, () => meeting.peer(slowest + meeting.random.below(4 * slowest)));
  const lying = liars.map((tamper) => {
    const liar = meeting.peer(slowest + meeting.random.below(8 * slowest));
    liar.tamper = tamper;
    return liar;
  });
  for (const source of [...lying, ...honest]) meeting.link(source, receiver, 5 + meeting.random.below(60));
  const [file] = [...lying, ...honest].map((source) => meeting.share(source, bytes).file) as [FileId];
  meeting.download(receiver, file);
  expect(meeting.untilSaved([receiver], file)).toBe(true);
  expect(equalBytes(receiver.disk.saved.get(file)!, bytes)).toBe(true);
  for (const { id } of honest) expect(receiver.refusedPeers.has(id)).toBe(false);
  for (const { peer, refusal } of receiver.refusals) {
    expect(lying.map(({ id }) => id)).toContain(peer);
    expect(expected).toContain(refusal);
  }
  return { meeting, receiver, file, wastedBytes: receiver.disk.putBytes - length };
};

const wrongBlocks: Tamper = (frame) => [
  frame.type === "block" ? { ...frame, bytes: flipped(frame.bytes) } : frame,
];
const wrongLeaves: Tamper = (frame) => [
  frame.type === "leaves" ? { ...frame, hashes: flipped(frame.hashes) } : frame,
];

test("[S9b] a liar among honest sources is refused by name, and only a liar", () => {
  let refused = 0;
  for (const seed of SEEDS) {
    const { receiver, wastedBytes } = fetchBesideLiars(seed, [wrongBlocks], ["wrong-block"]);
    expect(wastedBytes).toBeLessThanOrEqual(3 * PIECE);
    refused += receiver.refusedPeers.size;
  }
  expect(refused).toBeGreaterThan(SEEDS.length / 2);
});

test("[S9] liars in the majority: five of eight, no wrong byte, no honest peer refused", () => {
  for (const seed of SEEDS) fetchBesideLiars(seed, Array<Tamper>(5).fill(wrongBlocks), ["wrong-block"]);
});

test("[S9a] a liar among several sources costs at most one block of 16 KiB, even with more liars than honest sources", () => {
  for (let seed = 0; seed < 20; seed++) SWARM_SCENARIOS["liars-majority"]!.run(9, seed);
});

test("[S9c] a liar that was believed wastes no more than it brought, and a piece", () => {
  // Seeds 32, 181 and 264 failed before there was such a bound.
  for (const seed of [32, 181, 264, ...Array.from({ length: 20 }, (_, seed) => seed)])
    SWARM_SCENARIOS["liars-later"]!.run(9, seed);
});

/** Sends true bytes until it is believed. */
const lyingLater = (trueBytes: number): Tamper => {
  let sentBytes = 0;
  return (frame) => {
    if (frame.type !== "block") return [frame];
    sentBytes += frame.bytes.length;
    return [sentBytes > trueBytes ? { ...frame, bytes: flipped(frame.bytes) } : frame];
  };
};

test("[S9b] a believed source that lies later is refused, and its true leaves are kept", () => {
  let refused = 0;
  for (const seed of SEEDS) {
    const { receiver, wastedBytes } = fetchBesideLiars(seed, [lyingLater(300_000)], ["wrong-block"]);
    refused += receiver.refusedPeers.size;
    // One leaf in four is false: the frames are of four leaves.
    expect(wastedBytes).toBeLessThanOrEqual(2 * PIECE);
  }
  expect(refused).toBeGreaterThan(SEEDS.length / 3);
});

test("[S9a] false leaves are refused, and asked for elsewhere", () => {
  const refusals: Refusal[] = [];
  for (const seed of SEEDS) {
    const { receiver } = fetchBesideLiars(
      seed,
      [wrongBlocks, wrongLeaves, wrongLeaves],
      ["wrong-block", "wrong-leaves"],
      PIECE,
      20_000,
    );
    refusals.push(...receiver.refusals.map(({ refusal }) => refusal));
  }
  expect(refusals).toContain("wrong-leaves");
  expect(refusals).toContain("wrong-block");
});

test("[S11] a false layer is refused, and comes from another", () => {
  let refused = 0;
  for (const seed of SEEDS) {
    const tamper: Tamper = (frame) => [
      frame.type === "layer" ? { ...frame, hashes: flipped(frame.hashes) } : frame,
    ];
    refused += fetchBesideLiars(seed, [tamper, tamper], ["wrong-layer"]).receiver.refusedPeers.size;
  }
  expect(refused).toBeGreaterThan(2);
});

test("[S11] a layer of the wrong length is refused", () => {
  let refused = 0;
  for (const seed of SEEDS.slice(0, 10)) {
    const tamper: Tamper = (frame) => [
      frame.type === "layer" ? { ...frame, hashes: frame.hashes.subarray(32) } : frame,
    ];
    refused += fetchBesideLiars(seed, [tamper, tamper], ["wrong-length"]).receiver.refusedPeers.size;
  }
  expect(refused).toBeGreaterThan(2);
});

test("[S2b] more bytes than were asked for are refused", () => {
  for (const seed of SEEDS.slice(0, 10)) {
    const tamper: Tamper = (frame) => [
      frame.type === "block" && frame.bytes.length < MAX_BLOCK_BYTES
        ? { ...frame, bytes: new Uint8Array(frame.bytes.length + 1) }
        : frame,
    ];
    const { receiver } = fetchBesideLiars(seed, [tamper], ["wrong-length", "wrong-block"]);
    expect(receiver.refusedPeers.size).toBe(1);
  }
});

test("[S3b] a bitfield of the wrong length, or a have beyond the last piece, is refused", () => {
  const lies: Tamper[] = [
    (frame) => [frame.type === "bitfield" ? { ...frame, bits: new Uint8Array(100) } : frame],
    (frame) =>
      frame.type === "bitfield" ? [frame, { type: "have", file: frame.file, pieces: [17] }] : [frame],
  ];
  for (const tamper of lies) {
    const { receiver } = fetchBesideLiars(1, [tamper], ["wrong-length"]);
    expect(receiver.refusedPeers.size).toBe(1);
  }
});

test("[S4] a silent source loses its requests to others, and is not refused", () => {
  const silent: Tamper = (frame) => (frame.type === "block" || frame.type === "layer" ? [] : [frame]);
  for (const seed of SEEDS) {
    const { meeting, receiver } = fetchBesideLiars(seed, [silent], []);
    expect(receiver.refusals).toEqual([]);
    expect(meeting.world.now).toBeLessThan(20_000);
  }
});

test("[S4] the only source falls silent for a while: its lost requests are made again", () => {
  const meeting = new Meeting(1);
  const [source, receiver] = [meeting.peer(), meeting.peer()];
  meeting.link(source, receiver);
  const { file } = meeting.share(source, meeting.random.bytes(4 * MIB));
  meeting.download(receiver, file);
  meeting.pass(500);
  source.tamper = (frame) => (frame.type === "block" ? [] : [frame]);
  meeting.pass(1000);
  source.tamper = null;
  expect(meeting.untilSaved([receiver], file, 10_000)).toBe(true);
  expect(receiver.refusals).toEqual([]);
});

test("[S4] a source that keeps us in its queue for ever does not hold up the download", () => {
  const waiting: Tamper = (frame): SwarmFrame[] =>
    frame.type === "block" ? [{ type: "queue", position: 3 }] : [frame];
  for (const seed of SEEDS.slice(0, 10))
    expect(fetchBesideLiars(seed, [waiting], []).meeting.world.now).toBeLessThan(20_000);
});

test("[S2b] a block that nobody asked for is counted and changes nothing", () => {
  const tamper: Tamper = (frame) =>
    frame.type === "block" ? [frame, { type: "block", id: 4_000_000_000, bytes: frame.bytes }] : [frame];
  const { receiver } = fetchBesideLiars(3, [tamper], ["unrequested-block"]);
  expect(receiver.refusals.length).toBeGreaterThan(0);
  expect(receiver.refusedPeers.size).toBe(0);
});

test("[S9] [S12a] churn and liars in a loose mesh: every peer that honest peers connect gets the file", () => {
  for (const seed of SEEDS) {
    const meeting = new Meeting(seed);
    const { random, links, world } = meeting;
    const nodes = Array.from({ length: 4 + random.below(4) }, () =>
      meeting.peer(200_000 + random.below(2 * MIB)),
    );
    nodes.slice(1).forEach((node, at) => meeting.link(nodes[at]!, node, 1 + random.below(100)));
    for (const a of nodes)
      for (const b of nodes)
        if (a.id < b.id && !links.isUp(a.id, b.id) && random.next() < 0.5) meeting.link(a, b);
    const bytes = random.bytes(PIECE + 1 + random.below(2 * MIB));
    const { file } = meeting.share(nodes[0]!, bytes);
    const liars = nodes.slice(2).filter(() => random.next() < 0.3);
    for (const liar of liars) {
      meeting.share(liar, bytes);
      liar.tamper = (frame) => [
        frame.type === "block" && random.next() < 0.3 ? { ...frame, bytes: flipped(frame.bytes) } : frame,
      ];
    }
    const honest = nodes.filter((node) => !liars.includes(node));
    for (const node of honest.slice(1)) meeting.download(node, file);
    for (let cut = 0; cut < 6; cut++)
      world.after(random.below(4000), () => {
        const [a, b] = [nodes[random.below(nodes.length)]!, nodes[random.below(nodes.length)]!];
        const wereLinked = links.isUp(a.id, b.id);
        meeting.unlink(a, b);
        world.after(1 + random.below(3000), () => {
          const refused = a.refusedPeers.has(b.id) || b.refusedPeers.has(a.id);
          if (wereLinked && !refused && !links.isUp(a.id, b.id)) meeting.link(a, b);
        });
      });
    meeting.untilSaved(honest.slice(1), file, 60_000);
    const reached = new Set([nodes[0]!]);
    for (const from of reached)
      for (const node of honest) if (links.isUp(from.id, node.id)) reached.add(node);
    for (const node of honest.slice(1)) {
      expect(honest.filter(({ id }) => node.refusedPeers.has(id))).toEqual([]);
      const saved = node.disk.saved.get(file);
      expect(saved ? equalBytes(saved, bytes) : !reached.has(node)).toBe(true);
    }
  }
});
