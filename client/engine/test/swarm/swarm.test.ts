import { describe, expect, test } from "vitest";
import { equalBytes } from "../../src/base/bytes.ts";
import type { FileId } from "../../src/names/file-id.ts";
import { Meeting } from "../../../sim/swarm/meeting.ts";
import type { SwarmNode } from "../../../sim/swarm/swarm-node.ts";

const MIB = 1024 * 1024;
const PIECE = 256 * 1024;
const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);

const expectSaved = (nodes: readonly SwarmNode[], file: FileId, bytes: Uint8Array): void => {
  for (const { disk } of nodes)
    expect(equalBytes(disk.saved.get(file) ?? new Uint8Array(0), bytes)).toBe(true);
};
const expectNobodyRefused = ({ nodes }: Meeting): void =>
  expect(nodes.flatMap(({ refusals }) => refusals)).toEqual([]);
const verifiedBytes = (node: SwarmNode, file: FileId): number => node.view(file).verifiedBytes;
const runUntilVerified = (meeting: Meeting, node: SwarmNode, file: FileId, bytes: number): void => {
  expect(meeting.world.run(() => verifiedBytes(node, file) >= bytes, meeting.world.now + 600_000)).toBe(true);
};

describe("two", () => {
  test.each([0, 1, 16_383, 16_384, 16_385, PIECE, PIECE + 1, MIB - 1, 5 * MIB + 7])(
    "[S1] a file of %i bytes arrives, every byte once",
    (length) => {
      const meeting = new Meeting(length);
      const [source, receiver] = [meeting.peer(), meeting.peer()];
      meeting.link(source, receiver);
      const bytes = meeting.random.bytes(length);
      const { file } = meeting.share(source, bytes);
      meeting.download(receiver, file);
      expect(meeting.untilSaved([receiver], file)).toBe(true);
      expectSaved([receiver], file, bytes);
      expectNobodyRefused(meeting);
      expect(receiver.disk.putBytes).toBe(length);
      expect(receiver.view(file).state).toEqual({ type: "complete", saved: true });
      meeting.pass(60_000);
      expect(receiver.nextDeadline()).toBeNull();
      expect(source.nextDeadline()).toBeNull();
    },
  );

  test("[S7] the pipe is full at 250 ms round trip: 16 MiB at 4 MiB/s take less than 6 s", () => {
    const meeting = new Meeting(1);
    const [source, receiver] = [meeting.peer(), meeting.peer()];
    meeting.link(source, receiver, 125);
    const { file } = meeting.share(source, meeting.random.bytes(16 * MIB));
    meeting.download(receiver, file);
    expect(meeting.untilSaved([receiver], file, 6000)).toBe(true);
  });

  test("[S3a] 200 small files are asked for without interest, and take few round trips", () => {
    const meeting = new Meeting(1);
    const [source, receiver] = [meeting.peer(), meeting.peer()];
    meeting.link(source, receiver, 50);
    const contents = Array.from({ length: 200 }, (_, at) => meeting.random.bytes(1 + at * 10));
    const files = contents.map((bytes) => meeting.share(source, bytes).file);
    let interests = 0;
    source.listener = ({ type }) => void (interests += Number(type === "interest"));
    for (const file of files) meeting.download(receiver, file);
    for (const [at, file] of files.entries()) {
      expect(meeting.untilSaved([receiver], file, 2000)).toBe(true);
      expectSaved([receiver], file, contents[at]!);
    }
    expect(meeting.world.now).toBeLessThan(1500);
    expect(interests).toBe(0);
    expectNobodyRefused(meeting);
  });

  test("[S12] a download without a source waits, and begins by itself when one appears", () => {
    const meeting = new Meeting(1);
    const [source, receiver] = [meeting.peer(), meeting.peer()];
    const bytes = meeting.random.bytes(MIB);
    const { file } = meeting.share(source, bytes);
    meeting.download(receiver, file);
    meeting.pass(30_000);
    expect(receiver.view(file).state).toEqual({ type: "queued", position: null, sources: 0 });
    meeting.link(source, receiver);
    expect(meeting.untilSaved([receiver], file)).toBe(true);
    expectSaved([receiver], file, bytes);
  });

  test("[S12] downloads without a source do not hold up those that have one", () => {
    const meeting = new Meeting(1);
    const [source, receiver, gone] = [meeting.peer(), meeting.peer(), meeting.peer()];
    meeting.link(source, receiver);
    for (let at = 0; at < 20; at++)
      meeting.download(receiver, meeting.share(gone, meeting.random.bytes(PIECE + 1 + at)).file);
    meeting.pass(1000);
    const { file } = meeting.share(source, meeting.random.bytes(MIB));
    meeting.download(receiver, file);
    expect(meeting.untilSaved([receiver], file, 30_000)).toBe(true);
  });

  test("[S12a] pause asks for nothing more, resume goes on, and no verified piece is fetched twice", () => {
    for (const seed of SEEDS) {
      const meeting = new Meeting(seed);
      const [source, receiver] = [meeting.peer(MIB), meeting.peer()];
      meeting.link(source, receiver);
      const bytes = meeting.random.bytes(6 * MIB);
      const { file } = meeting.share(source, bytes);
      meeting.download(receiver, file);
      runUntilVerified(meeting, receiver, file, (1 + meeting.random.below(4)) * MIB);
      receiver.do((swarm, now) => swarm.pause(file, now));
      meeting.pass(5000);
      const paused = receiver.disk.putBytes;
      expect(receiver.view(file).state).toEqual({ type: "paused", because: "person" });
      meeting.pass(60_000);
      expect(receiver.disk.putBytes).toBe(paused);
      receiver.do((swarm, now) => swarm.resume(file, now));
      expect(meeting.untilSaved([receiver], file)).toBe(true);
      expectSaved([receiver], file, bytes);
      expect(receiver.disk.putBytes).toBeLessThanOrEqual(bytes.length + PIECE);
      expectNobodyRefused(meeting);
    }
  });

  test("[S12a] cancel deletes the stored pieces, and a new download of the file begins anew", () => {
    const meeting = new Meeting(1);
    const [source, receiver] = [meeting.peer(), meeting.peer()];
    meeting.link(source, receiver);
    const bytes = meeting.random.bytes(4 * MIB);
    const { file } = meeting.share(source, bytes);
    meeting.download(receiver, file);
    runUntilVerified(meeting, receiver, file, MIB);
    receiver.do((swarm, now) => swarm.cancel(file, now));
    expect(receiver.swarm.downloads(meeting.world.now)).toEqual([]);
    expect(receiver.disk.assemblingCount).toBe(0);
    meeting.download(receiver, file);
    expect(verifiedBytes(receiver, file)).toBe(0);
    expect(meeting.untilSaved([receiver], file)).toBe(true);
    expectSaved([receiver], file, bytes);
    expectNobodyRefused(meeting);
  });

  test("[S12a] a full disk pauses the download and keeps verified pieces; resumed with room, it goes on", () => {
    const meeting = new Meeting(1);
    const [source, receiver] = [meeting.peer(), meeting.peer()];
    meeting.link(source, receiver);
    const bytes = meeting.random.bytes(4 * MIB);
    const { file } = meeting.share(source, bytes);
    meeting.download(receiver, file);
    runUntilVerified(meeting, receiver, file, 2 * MIB);
    const full = { kind: "full", missingBytes: 12 } as const;
    receiver.disk.storeProblem = full;
    meeting.pass(5000);
    expect(receiver.view(file).state).toEqual({ type: "paused", because: full });
    expect(verifiedBytes(receiver, file)).toBeGreaterThanOrEqual(2 * MIB);
    expect(receiver.disk.assemblingCount).toBe(0);
    receiver.disk.storeProblem = null;
    receiver.do((swarm, now) => swarm.resume(file, now));
    expect(meeting.untilSaved([receiver], file)).toBe(true);
    expectSaved([receiver], file, bytes);
  });

  test("[S12a] a source that is lost and comes back: the download goes on, at most one piece comes twice", () => {
    for (const seed of SEEDS) {
      const meeting = new Meeting(seed);
      const [source, receiver] = [meeting.peer(), meeting.peer()];
      meeting.link(source, receiver);
      const bytes = meeting.random.bytes(5 * MIB + 7);
      const { file } = meeting.share(source, bytes);
      meeting.download(receiver, file);
      runUntilVerified(meeting, receiver, file, meeting.random.below(4 * MIB));
      meeting.unlink(source, receiver);
      meeting.pass(20_000);
      expect(receiver.view(file).state).toEqual({ type: "queued", position: null, sources: 0 });
      meeting.link(source, receiver);
      expect(meeting.untilSaved([receiver], file)).toBe(true);
      expectSaved([receiver], file, bytes);
      expect(receiver.disk.putBytes).toBeLessThanOrEqual(bytes.length + PIECE);
      expectNobodyRefused(meeting);
    }
  });

  test("[S10] [S17] a file edited on the sharer's disk: failed here, told there once, and no wrong byte", () => {
    const meeting = new Meeting(1);
    const [source, receiver, other] = [meeting.peer(), meeting.peer(), meeting.peer()];
    meeting.link(source, receiver);
    const bytes = meeting.random.bytes(4 * MIB);
    const { file } = meeting.share(source, bytes);
    meeting.download(receiver, file);
    runUntilVerified(meeting, receiver, file, MIB);
    source.disk.problems.set(file, "changed");
    meeting.pass(5000);
    const reason = { type: "source-unreadable", reason: "changed", by: source.id } as const;
    expect(receiver.view(file).state).toEqual({ type: "failed", reason });
    expect(source.notices).toEqual([{ type: "source-unreadable", file, reason: "changed" }]);
    expect(receiver.disk.saved.has(file)).toBe(false);
    meeting.share(other, bytes);
    meeting.link(other, receiver);
    expect(meeting.untilSaved([receiver], file)).toBe(true);
    expectSaved([receiver], file, bytes);
    expectNobodyRefused(meeting);
  });
});

describe("chain", () => {
  test("[S3a] [S5] pieces go from hand to hand before anybody has the whole file", () => {
    for (const seed of SEEDS) {
      const meeting = new Meeting(seed);
      const chain = [meeting.peer(), meeting.peer(), meeting.peer(), meeting.peer()] as const;
      chain.slice(1).forEach((node, at) => meeting.link(chain[at]!, node));
      const bytes = meeting.random.bytes(4 * MIB + 1);
      const { file } = meeting.share(chain[0], bytes);
      for (const node of chain.slice(1)) meeting.download(node, file);
      expect(meeting.untilSaved(chain.slice(1), file, 4000)).toBe(true);
      expectSaved(chain.slice(1), file, bytes);
      expectNobodyRefused(meeting);
    }
  });
});

describe("one to many", () => {
  test("[S8] [S15a] four receivers feed each other: the origin sends little more than one copy", () => {
    for (const seed of SEEDS) {
      const meeting = new Meeting(seed);
      const origin = meeting.peer(MIB);
      const receivers = Array.from({ length: 4 }, () => meeting.peer(MIB));
      meeting.mesh([origin, ...receivers]);
      const bytes = meeting.random.bytes(10 * MIB + 7);
      const { file } = meeting.share(origin, bytes);
      for (const receiver of receivers) meeting.download(receiver, file);
      expect(meeting.untilSaved(receivers, file)).toBe(true);
      expectSaved(receivers, file, bytes);
      expect(meeting.links.sentBytes(origin.id)).toBeLessThan(1.25 * bytes.length);
      expectNobodyRefused(meeting);
    }
  });

  test("[S14] [S16] twelve ask at once: all get turns, and waiting peers are told their place", () => {
    const meeting = new Meeting(1);
    const origin = meeting.peer(MIB);
    const receivers = Array.from({ length: 12 }, () => meeting.peer());
    const told = receivers.map((): { position: number; at: number }[] => []);
    for (const [index, receiver] of receivers.entries()) {
      meeting.link(origin, receiver);
      receiver.listener = (frame, _, at) => {
        if (frame.type === "queue") told[index]!.push({ position: frame.position, at });
      };
    }
    const { file } = meeting.share(origin, meeting.random.bytes(4 * MIB));
    for (const receiver of receivers) meeting.download(receiver, file);
    meeting.pass(14_000);
    for (const receiver of receivers) expect(receiver.disk.putBytes).toBeGreaterThan(0);
    expect(Math.max(...told.flat().map(({ position }) => position))).toBe(8);
    for (const places of told)
      places.slice(1).forEach(({ at }, before) => expect(at - places[before]!.at).toBeGreaterThan(900));
    expect(meeting.untilSaved(receivers, file)).toBe(true);
    expectNobodyRefused(meeting);
  });
});

describe("many to one", () => {
  test("[S7] three slow sources add up", () => {
    const timeWith = (sources: number): number => {
      const meeting = new Meeting(sources);
      const receiver = meeting.peer();
      const bytes = meeting.random.bytes(8 * MIB);
      let file: FileId | null = null;
      for (let at = 0; at < sources; at++) {
        const source = meeting.peer(MIB);
        meeting.link(source, receiver);
        ({ file } = meeting.share(source, bytes));
      }
      meeting.download(receiver, file!);
      expect(meeting.untilSaved([receiver], file!)).toBe(true);
      expectSaved([receiver], file!, bytes);
      expectNobodyRefused(meeting);
      return meeting.world.now;
    };
    expect(timeWith(1) / timeWith(3)).toBeGreaterThan(2.7);
  });

  test("[S8] a source a hundred times slower than another does not hold up the end", () => {
    for (const seed of SEEDS) {
      const meeting = new Meeting(seed);
      const [fast, slow, receiver] = [meeting.peer(2 * MIB), meeting.peer(20_000), meeting.peer()];
      meeting.mesh([fast, slow, receiver]);
      const bytes = meeting.random.bytes(8 * MIB);
      const { file } = meeting.share(fast, bytes);
      meeting.share(slow, bytes);
      meeting.download(receiver, file);
      expect(meeting.untilSaved([receiver], file, 6000)).toBe(true);
      expectSaved([receiver], file, bytes);
      expectNobodyRefused(meeting);
    }
  });

  test("[S12a] two of three sources die on the way", () => {
    for (const seed of SEEDS) {
      const meeting = new Meeting(seed);
      const receiver = meeting.peer();
      const sources = [meeting.peer(MIB), meeting.peer(MIB), meeting.peer(MIB)] as const;
      for (const source of sources) meeting.link(source, receiver);
      const bytes = meeting.random.bytes(6 * MIB);
      const [file] = sources.map((source) => meeting.share(source, bytes).file);
      meeting.download(receiver, file!);
      runUntilVerified(meeting, receiver, file!, 2 * MIB);
      meeting.unlink(sources[0], receiver);
      runUntilVerified(meeting, receiver, file!, 4 * MIB);
      meeting.unlink(sources[1], receiver);
      expect(meeting.untilSaved([receiver], file!)).toBe(true);
      expectSaved([receiver], file!, bytes);
      expectNobodyRefused(meeting);
    }
  });
});

test("[S6] in sequence the file comes from its beginning on, from whenever the person wants it so", () => {
  for (const seed of SEEDS) {
    const meeting = new Meeting(seed);
    const receiver = meeting.peer();
    const sources = [meeting.peer(MIB), meeting.peer(MIB)] as const;
    for (const source of sources) meeting.link(source, receiver);
    const bytes = meeting.random.bytes(8 * MIB);
    const [file] = sources.map((source) => meeting.share(source, bytes).file);
    meeting.download(receiver, file!);
    runUntilVerified(meeting, receiver, file!, 2 * MIB);
    receiver.do((swarm) => swarm.order(file!, "sequential"));
    runUntilVerified(meeting, receiver, file!, 6 * MIB);
    // Only pieces that were here or under way before the change are out of order: two windows of 512 KiB.
    const { pieces } = receiver.view(file!);
    const firstMissing = pieces.findIndex((origin) => origin < 2);
    expect(firstMissing).toBeGreaterThanOrEqual((3 * MIB) / PIECE);
    expect(meeting.untilSaved([receiver], file!)).toBe(true);
    expectSaved([receiver], file!, bytes);
  }
});

test("the same seed gives the same run", () => {
  const run = (): number[] => {
    const meeting = new Meeting(7);
    const nodes = [meeting.peer(MIB), meeting.peer(MIB), meeting.peer(MIB)] as const;
    meeting.mesh(nodes);
    const { file } = meeting.share(nodes[0], meeting.random.bytes(3 * MIB));
    meeting.download(nodes[1], file);
    meeting.download(nodes[2], file);
    meeting.untilSaved(nodes.slice(1), file);
    return [meeting.world.now, ...nodes.map(({ id }) => meeting.links.sentBytes(id))];
  };
  expect(run()).toEqual(run());
});
