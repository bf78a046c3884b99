/** [S4a] The peers that a download says it waits for, when nothing comes. */
import { expect, test } from "vitest";
import type { FileId } from "../../src/names/file-id.ts";
import { NO_LIMITS } from "../../src/io/io.ts";
import { Meeting } from "../../../sim/swarm/meeting.ts";
import type { SwarmNode } from "../../../sim/swarm/swarm-node.ts";

const MIB = 1024 * 1024;

interface Scene {
  readonly meeting: Meeting;
  readonly receiver: SwarmNode;
  readonly sources: readonly SwarmNode[];
  readonly file: FileId;
}

/** A transfer that is under way; `mute` are the sources whose page then stands still, with their links open. */
const underWay = (sourceCount: number, isSmall = false): Scene => {
  const meeting = new Meeting(3);
  const receiver = meeting.peer();
  const sources = Array.from({ length: sourceCount }, () => meeting.peer(MIB));
  const content = meeting.random.bytes(isSmall ? 200_000 : 64 * MIB);
  for (const source of sources) meeting.link(receiver, source);
  const [file] = sources.map((source) => meeting.share(source, content).file);
  return { meeting, receiver, sources, file: file! };
};

const standStill = (sources: readonly SwarmNode[]): void => {
  for (const source of sources) source.isMute = true;
};

const begin = ({ meeting, receiver, file }: Scene): void => {
  meeting.download(receiver, file);
  meeting.pass(5_000);
  expect(receiver.view(file).state).toEqual({ type: "downloading" });
};

for (const count of [1, 2])
  test(`[S4a] ${count} of ${count} sources stand still: after 3 s they are waited for, until they are gone`, () => {
    const scene = underWay(count);
    const { meeting, receiver, sources, file } = scene;
    begin(scene);
    standStill(sources);
    const names = new Set(sources.map(({ id }) => id));
    meeting.pass(2_500);
    expect(receiver.view(file).state).toEqual({ type: "downloading" });
    for (let seconds = 0; seconds < 20; seconds++) {
      meeting.pass(1_000);
      const { state, bytesPerSecond, secondsLeft } = receiver.view(file);
      expect(state.type).toBe("waiting");
      expect(state.type === "waiting" && state.for.every((peer) => names.has(peer))).toBe(true);
      expect({ bytesPerSecond, secondsLeft }).toEqual({ bytesPerSecond: 0, secondsLeft: null });
    }
    for (const source of sources) meeting.unlink(receiver, source);
    expect(receiver.view(file).state.type).toBe("queued");
  });

test("[S4a] one of two stands still: the other brings it, and nobody is waited for", () => {
  const scene = underWay(2);
  const { meeting, receiver, sources, file } = scene;
  begin(scene);
  standStill(sources.slice(0, 1));
  for (let seconds = 0; seconds < 15; seconds++) {
    meeting.pass(1_000);
    expect(receiver.view(file).state).toEqual({ type: "downloading" });
  }
});

test("[S4a] a source that never answers at all is waited for, for the layer and for a file of one piece", () => {
  for (const isSmall of [true, false]) {
    const scene = underWay(1, isSmall);
    const { meeting, receiver, sources, file } = scene;
    standStill(sources);
    meeting.download(receiver, file);
    meeting.pass(3_500);
    expect(receiver.view(file).state).toEqual({ type: "waiting", for: [sources[0]!.id] });
  }
});

test("[S4a] [S18] a download that its own limit slows to a crawl waits for nobody", () => {
  const scene = underWay(1);
  const { meeting, receiver, file } = scene;
  receiver.do((swarm, now) => swarm.limit({ ...NO_LIMITS, downloadBytesPerSecond: 1000 }, now));
  meeting.download(receiver, file);
  meeting.pass(5_000);
  for (let seconds = 0; seconds < 20; seconds++) {
    meeting.pass(1_000);
    expect(receiver.view(file).state).toEqual({ type: "downloading" });
  }
});

test("[S4a] when bytes come again, the state is downloading", () => {
  const scene = underWay(1);
  const { meeting, receiver, sources, file } = scene;
  begin(scene);
  standStill(sources);
  meeting.pass(10_000);
  expect(receiver.view(file).state.type).toBe("waiting");
  for (const source of sources) source.isMute = false;
  expect(meeting.untilSaved([receiver], file)).toBe(true);
});
