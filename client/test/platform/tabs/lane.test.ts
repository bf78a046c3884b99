import { fail } from "@swapmeet/shared";
import { afterEach, describe, expect, test } from "vitest";
import { fileIdOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input } from "@swapmeet/engine/io/io";
import { peerIdOf } from "@swapmeet/engine/names/peer-id";
import { deriveRoom } from "@swapmeet/engine/names/room-secret";
import { HandedFiles } from "../../../src/platform/files/handed-files.ts";
import { hashFile } from "../../../src/platform/bytes/hash-file.ts";
import { Lane } from "../../../src/platform/tabs/lane.ts";
import {
  laneName,
  newNonce,
  openLaneMessage,
  sealLaneMessage,
  type LaneMessage,
} from "../../../src/platform/tabs/lane-message.ts";

const ROOM = deriveRoom(new Uint8Array(32).fill(1));
const OTHER_ROOM = deriveRoom(new Uint8Array(32).fill(2));
const [ANNA, BEN, CARLA] = [1, 2, 3].map((n) => peerIdOf(new Uint8Array(32).fill(n))) as [
  never,
  never,
  never,
];
const FILE = fileIdOf(new Uint8Array(32).fill(7), 5);
const CONTENT = new Blob(["hello"]);

/** Works like a browser's: all channels of the same name but the sender's hear it, later. Node's can't carry a Blob. */
class Channel {
  static readonly #open = new Set<Channel>();
  readonly #name: string;
  onmessage: BroadcastChannel["onmessage"] = null;

  static closeAll(): void {
    Channel.#open.clear();
  }

  constructor(name: string) {
    this.#name = name;
    Channel.#open.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of Channel.#open)
      if (other !== this && other.#name === this.#name)
        setImmediate(() => other.onmessage?.call(other as never, { data } as MessageEvent));
  }

  close(): void {
    Channel.#open.delete(this);
  }
}
afterEach(() => Channel.closeAll());

/** A tab: its lane, and the files that it was handed. */
const tab = (me: typeof ANNA, shared: Blob | null = null, room = ROOM) => {
  const handed: { file: FileId; from: string; content: Blob }[] = [];
  const setting = { mayAsk: true };
  const lane = new Lane(
    room,
    me,
    {
      mayAsk: () => setting.mayAsk,
      shared: async (file) => (file === FILE ? shared : null),
      handed: (file, from, content) => handed.push({ file, from, content }),
    },
    (name) => new Channel(name),
  );
  return { lane, handed, setting };
};

/** A channel of the same name, as a script of the same origin could open it. */
const tap = () => {
  const channel = new Channel(laneName(ROOM));
  const heard: { sealed: Uint8Array; content?: Blob }[] = [];
  channel.onmessage = ({ data }: MessageEvent) => heard.push(data as never);
  const say = (message: LaneMessage, content?: Blob) =>
    channel.postMessage({ sealed: sealLaneMessage(ROOM, message, newNonce()), content });
  return { channel, heard, say, messages: () => heard.map(({ sealed }) => openLaneMessage(ROOM, sealed)) };
};
/** Waits until every message is received and answered. */
const settled = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("messages", () => {
  const message: LaneMessage = { type: "ask", from: ANNA, id: "ab".repeat(16), file: FILE };
  const sealed = sealLaneMessage(ROOM, message, newNonce());

  test("[L2] a sealed message opens in the room and nowhere else", () => {
    expect(openLaneMessage(ROOM, sealed)).toEqual(message);
    expect(openLaneMessage(OTHER_ROOM, sealed)).toBeNull();
    expect(openLaneMessage({ ...ROOM, tag: OTHER_ROOM.tag }, sealed)).toBeNull();
    expect(laneName(ROOM)).not.toBe(laneName(OTHER_ROOM));
    expect(laneName(ROOM)).not.toContain(ROOM.tag.slice(0, 8));
  });

  test("[L2] an altered or cut message is refused at every byte", () => {
    for (let at = 0; at < sealed.length; at++) {
      const altered = sealed.slice();
      altered[at]! ^= 1;
      expect(openLaneMessage(ROOM, altered)).toBeNull();
      expect(openLaneMessage(ROOM, sealed.subarray(0, at))).toBeNull();
    }
  });

  test.each([
    { ...message, file: "not a file" },
    { ...message, from: "anna" },
    { ...message, id: "__proto__" },
    { ...message, more: 1 },
    { type: "have", from: ANNA, files: Array.from({ length: 1001 }, () => FILE) },
    { type: "take", from: ANNA },
    null,
  ])("[L2] a sealed message of another shape is refused (%#)", (odd) => {
    expect(openLaneMessage(ROOM, sealLaneMessage(ROOM, odd as LaneMessage, newNonce()))).toBeNull();
  });
});

describe("tabs", () => {
  test("[L1] a tab that asks is handed the file itself by the tab that shares it", async () => {
    tab(ANNA, CONTENT);
    const ben = tab(BEN);
    tab(CARLA);
    ben.lane.ask(FILE);
    await expect.poll(() => ben.handed).toHaveLength(1);
    expect(ben.handed[0]).toMatchObject({ file: FILE, from: ANNA });
    expect(await ben.handed[0]!.content.text()).toBe("hello");
  });

  test("[L1a] a tab that begins to share later is asked then, and not for files that are no longer wanted", async () => {
    const ben = tab(BEN);
    ben.lane.ask(FILE);
    await settled();
    const anna = tab(ANNA, CONTENT);
    anna.lane.announce([FILE]);
    await expect.poll(() => ben.handed).toHaveLength(1);
    ben.lane.forget(FILE);
    anna.lane.announce([FILE]);
    await settled();
    expect(ben.handed).toHaveLength(1);
  });

  test("[L3] the first of two answers is taken, the other only after that one was refused", async () => {
    tab(ANNA, CONTENT);
    tab(CARLA, CONTENT);
    const ben = tab(BEN);
    ben.lane.ask(FILE);
    await expect.poll(() => ben.handed).toHaveLength(1);
    await settled();
    expect(ben.handed).toHaveLength(1);
    ben.lane.refuse(FILE, ben.handed[0]!.from as typeof ANNA);
    ben.lane.ask(FILE);
    await expect.poll(() => ben.handed).toHaveLength(2);
    expect(new Set(ben.handed.map(({ from }) => from))).toEqual(new Set([ANNA, CARLA]));
  });

  test("[L3] an answer to another, to no ask, a replayed one, and one without a file are dropped", async () => {
    const { heard, messages, say, channel } = tap();
    const ben = tab(BEN);
    ben.lane.ask(FILE);
    await expect.poll(() => heard).toHaveLength(1);
    const { id } = messages()[0] as Extract<LaneMessage, { type: "ask" }>;
    const give = { type: "give", from: ANNA, to: BEN, id, file: FILE } as const;
    say({ ...give, to: CARLA }, CONTENT);
    say({ ...give, id: "00".repeat(16) }, CONTENT);
    say({ ...give, file: fileIdOf(new Uint8Array(32), 5) }, CONTENT);
    say(give);
    channel.postMessage({ sealed: sealLaneMessage(OTHER_ROOM, give, newNonce()), content: CONTENT });
    channel.postMessage("nonsense");
    await settled();
    expect(ben.handed).toHaveLength(0);

    const replayed = { sealed: sealLaneMessage(ROOM, give, newNonce()), content: CONTENT };
    channel.postMessage(replayed);
    channel.postMessage(replayed);
    await settled();
    expect(ben.handed).toHaveLength(1);
  });

  test("[L6] switched off, a tab asks nobody and takes nothing", async () => {
    const anna = tab(ANNA, CONTENT);
    const { heard } = tap();
    const ben = tab(BEN);
    ben.setting.mayAsk = false;
    ben.lane.ask(FILE);
    anna.lane.announce([FILE]);
    await settled();
    expect(heard).toHaveLength(1); // the announcement
    expect(ben.handed).toHaveLength(0);
  });

  test("[L1] tabs of another room hear nothing", async () => {
    tab(ANNA, CONTENT, OTHER_ROOM);
    const ben = tab(BEN);
    ben.lane.ask(FILE);
    await settled();
    expect(ben.handed).toHaveLength(0);
  });
});

describe("files that were handed over", () => {
  const content = new Blob([new Uint8Array(600_000).fill(5)]);
  const truth = async () => {
    const hashed = await hashFile(content, () => {}, new AbortController().signal);
    if (!hashed.ok) throw new Error(hashed.problem);
    return { file: fileIdOf(hashed.value.root, content.size), layer: hashed.value.layer };
  };
  const desk = (hash: typeof hashFile = hashFile) => {
    const inputs: Input[] = [];
    const adopted: FileId[] = [];
    const refused: string[] = [];
    const files = new HandedFiles({
      hash,
      adopt: (file) => adopted.push(file),
      refuse: (_, from, because) => refused.push(`${from} ${because}`),
      feed: (input) => inputs.push(input),
    });
    return { files, inputs, adopted, refused };
  };

  test("[L4] the true file is adopted, with its layer", async () => {
    const { file, layer } = await truth();
    const { files, inputs, adopted, refused } = desk();
    files.take(file, ANNA, content);
    await files.check(file);
    expect(inputs).toEqual([
      { type: "file-handed", file, from: ANNA },
      { type: "file-hashed", file, bytes: 600_000 },
      { type: "file-checked", file, layer },
    ]);
    expect(adopted).toEqual([file]);
    expect(refused).toEqual([]);
  });

  test.each([
    ["of another length", new Blob([new Uint8Array(600_001).fill(5)])],
    ["with one byte changed", new Blob([new Uint8Array(599_999).fill(5), new Uint8Array(1)])],
  ])("[L4] a file %s is refused by name", async (_, wrong) => {
    const { file } = await truth();
    const { files, inputs, adopted, refused } = desk();
    files.take(file, ANNA, wrong);
    await files.check(file);
    expect(inputs.at(-1)).toEqual({ type: "file-checked", file, layer: null });
    expect(adopted).toEqual([]);
    expect(refused).toEqual([`${ANNA} another-file`]);
    files.take(file, BEN, content);
    expect(inputs.at(-1)).toEqual({ type: "file-handed", file, from: BEN });
  });

  test("[L4] a file that can't be checked, because no hash worker can be loaded, is nobody's fault", async () => {
    const { file } = await truth();
    const { files, inputs, adopted, refused } = desk(async () => fail("not-loaded"));
    files.take(file, ANNA, content);
    await files.check(file);
    expect(inputs.at(-1)).toEqual({ type: "file-checked", file, layer: null });
    expect(adopted).toEqual([]);
    expect(refused).toEqual([]);
  });

  test("[L5] a file that was dropped while it was hashed gives no answer", async () => {
    const { file } = await truth();
    const { files, inputs, adopted } = desk();
    files.take(file, ANNA, content);
    const checking = files.check(file);
    files.drop(file);
    await checking;
    expect(inputs).toEqual([{ type: "file-handed", file, from: ANNA }]);
    expect(adopted).toEqual([]);
  });
});
