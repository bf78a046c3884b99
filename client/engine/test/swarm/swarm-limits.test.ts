import { expect, test } from "vitest";
import type { FileId } from "../../src/names/file-id.ts";
import { NO_LIMITS, type Limits } from "../../src/io/io.ts";
import { Meeting } from "../../../sim/swarm/meeting.ts";
import type { SwarmNode } from "../../../sim/swarm/swarm-node.ts";

const MIB = 1024 * 1024;
const KIB = 1024;

interface Scene {
  readonly meeting: Meeting;
  readonly sources: readonly SwarmNode[];
  readonly receivers: readonly SwarmNode[];
  readonly file: FileId;
}

const scene = (sourceCount: number, receiverCount: number, bytes = 4 * MIB): Scene => {
  const meeting = new Meeting(1);
  const sources = Array.from({ length: sourceCount }, () => meeting.peer());
  const receivers = Array.from({ length: receiverCount }, () => meeting.peer());
  for (const source of sources) for (const receiver of receivers) meeting.link(source, receiver);
  const content = meeting.random.bytes(bytes);
  const [file] = sources.map((source) => meeting.share(source, content).file);
  return { meeting, sources, receivers, file: file! };
};

const limit = (node: SwarmNode, limits: Partial<Limits>): void =>
  node.do((swarm, now) => swarm.limit({ ...NO_LIMITS, ...limits }, now));

const secondsToSave = ({ meeting, receivers, file }: Scene): number => {
  const beganAt = meeting.world.now;
  for (const receiver of receivers) meeting.download(receiver, file);
  expect(meeting.untilSaved(receivers, file)).toBe(true);
  for (const { refusals } of receivers) expect(refusals).toEqual([]);
  return (meeting.world.now - beganAt) / 1000;
};

test("[S18] an upload limit holds in all, and is used to the full", () => {
  const two = scene(1, 2);
  limit(two.sources[0]!, { uploadBytesPerSecond: 512 * KIB });
  const seconds = secondsToSave(two);
  expect(seconds).toBeGreaterThan(15.5);
  expect(seconds).toBeLessThan(18);
});

test("[S18] an upload limit per peer holds for each: two together get more", () => {
  const two = scene(1, 2);
  limit(two.sources[0]!, { uploadPerPeerBytesPerSecond: 512 * KIB });
  const seconds = secondsToSave(two);
  expect(seconds).toBeGreaterThan(7.5);
  expect(seconds).toBeLessThan(11);
});

test("[S18] a download limit holds over all sources, by asking for no more", () => {
  const three = scene(3, 1);
  limit(three.receivers[0]!, { downloadBytesPerSecond: 512 * KIB });
  const seconds = secondsToSave(three);
  expect(seconds).toBeGreaterThan(7.5);
  expect(seconds).toBeLessThan(9);
});

test("[S18] a download limit per peer holds for each source", () => {
  const three = scene(3, 1);
  limit(three.receivers[0]!, { downloadPerPeerBytesPerSecond: 128 * KIB });
  const seconds = secondsToSave(three);
  expect(seconds).toBeGreaterThan(10);
  expect(seconds).toBeLessThan(13);
});

test("[S18] a limit set, changed and lifted on the way holds at once", () => {
  const one = scene(1, 1, 16 * MIB);
  const { meeting, receivers, sources, file } = one;
  meeting.download(receivers[0]!, file);
  const bytesIn = (ms: number): number => {
    const before = receivers[0]!.disk.putBytes;
    meeting.pass(ms);
    return receivers[0]!.disk.putBytes - before;
  };
  meeting.pass(500);
  limit(sources[0]!, { uploadBytesPerSecond: 100 * KIB });
  bytesIn(1000); // blocks that the host had been given before
  expect(bytesIn(4000)).toBeLessThan(500 * KIB);
  limit(sources[0]!, { uploadBytesPerSecond: 1000 * KIB });
  expect(bytesIn(2000)).toBeGreaterThan(1600 * KIB);
  limit(sources[0]!, {});
  expect(bytesIn(2000)).toBeGreaterThan(7 * MIB);
});

test("the remaining time is told while a download moves, and not when it stands still or takes for ever", () => {
  const one = scene(1, 1, 8 * MIB);
  const { meeting, file } = one;
  const [source, receiver] = [one.sources[0]!, one.receivers[0]!];
  const view = () => receiver.view(file);
  limit(source, { uploadBytesPerSecond: 256 * KIB });
  meeting.download(receiver, file);
  expect(view().secondsLeft).toBeNull();
  meeting.pass(10_000);
  expect(view().secondsLeft).toBeGreaterThan(18);
  expect(view().secondsLeft).toBeLessThan(30);
  source.tamper = (frame) => (frame.type === "block" ? [] : [frame]);
  meeting.pass(60_000);
  expect(view()).toMatchObject({ state: { type: "waiting" }, bytesPerSecond: 0, secondsLeft: null });
});
