/**
 * The swarm in real browsers, each page in a context of its own: sources that die, a server that dies, a liar, a
 * receiver that stands still, and receivers that feed each other.
 */
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { launchChromium } from "../../lib/browser.ts";
import { liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { NodePeers } from "../../lib/peers/node-peers.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, SERVER_GONE, test } from "../../lib/test.ts";

const LENGTH = 24 * MiB;
/** Rate of all sources' uplinks together, in bytes a second: slow enough to catch a transfer midway; lifted then. */
const RATE = LENGTH / pace.seconds(30);
const NAME = "lecture.bin";

const percentOf = async (room: RoomPage): Promise<number> =>
  Number(await room.progress(NAME).getAttribute("aria-valuenow"));

const reaches = (room: RoomPage, percent: number): Promise<void> =>
  expect
    .poll(() => percentOf(room), { intervals: [50], timeout: pace.hangMs(120_000) })
    .toBeGreaterThanOrEqual(percent);

const expectNotOver = async (room: RoomPage): Promise<void> =>
  expect(await percentOf(room), "it was not over by then").toBeLessThan(100);

const expectSavedWhole = async (room: RoomPage, path: string): Promise<void> => {
  const [saved] = await room.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(path));
};

/** Pages in one private room, all connected to each other; the names become theirs. */
const openRoom = async (
  open: (
    path?: string,
    opening?: { at?: ServerProcess; before?: (page: Page) => Promise<unknown> },
  ) => Promise<RoomPage>,
  names: readonly string[],
  opening: { at?: ServerProcess; before?: (page: Page) => Promise<unknown> } = {},
): Promise<RoomPage[]> => {
  const first = await open("/", opening);
  const code = await first.newPrivateRoom();
  const rooms = [first];
  for (const _ of names.slice(1)) rooms.push(await open(`/#${code}`, opening));
  for (const [i, room] of rooms.entries()) {
    await room.rename(names[i]!);
    await room.expectPeers(names.length - 1);
  }
  return rooms;
};

/** The receiver sees as many sources as there are. */
const findFrom = async (receiver: RoomPage, sources: number) => {
  const row = await receiver.find(NAME);
  await expect(row).toContainText(new RegExp(`\\b${sources}\\s+sources`));
  return row.getByRole("button", { name: /^Download / });
};

test("one of three sources crashes at 30 % and one is closed at 60 %, and the file arrives whole", async ({
  folder,
  open,
}) => {
  const path = await randomFile(join(folder, NAME), 30, LENGTH);
  const [stays, crashes, closes, receiver] = (await openRoom(open, ["Stella", "Crispin", "Clovis", "Rita"], {
    before: slowUplink(RATE / 3),
  })) as [RoomPage, RoomPage, RoomPage, RoomPage];
  for (const source of [stays, crashes, closes]) await source.addFiles(path);
  await (await findFrom(receiver, 3)).click();

  await reaches(receiver, 30);
  const crashed = crashes.page.waitForEvent("crash");
  crashes.page.goto("chrome://crash").catch(() => {});
  await crashed;
  await reaches(receiver, 60);
  await closes.page.close();
  await expectNotOver(receiver);
  await liftUplink(stays);

  await receiver.waitComplete(NAME);
  await expectSavedWhole(receiver, path);
});

test("the server is killed in the middle of a transfer, and the transfer completes", async ({
  folder,
  open,
  complaints,
}) => {
  complaints.expect(SERVER_GONE);
  const server = await ServerProcess.start();
  try {
    const path = await randomFile(join(folder, NAME), 31, LENGTH);
    const [source, receiver] = (await openRoom(open, ["Stella", "Rita"], {
      at: server,
      before: slowUplink(RATE),
    })) as [RoomPage, RoomPage];
    await source.addFiles(path);
    await receiver.download(NAME);
    await reaches(receiver, 20);
    await server.kill();
    await expect(receiver.server).toContainText("offline");
    await expectNotOver(receiver);
    await liftUplink(source);
    await receiver.waitComplete(NAME);
    await expectSavedWhole(receiver, path);
    await expect(receiver.server).toContainText("offline");
  } finally {
    await server.kill();
  }
});

test("beside three honest sources a liar is dropped by name, and nobody else", async ({
  server,
  folder,
  open,
}) => {
  const path = await randomFile(join(folder, NAME), 32, LENGTH);
  // The honest ones are slow until the liar had its turn.
  const rooms = await openRoom(open, ["Hannah", "Hector", "Hilda", "Rita"], { before: slowUplink(RATE / 3) });
  const receiver = rooms.at(-1)!;
  const nodePeers = NodePeers.start();
  try {
    const liar = await nodePeers.join({
      serverUrl: server.urlAt(),
      code: receiver.code,
      name: "Loki",
      lie: "wrong blocks",
    });
    await Promise.all([liar.share(path), ...rooms.slice(0, 3).map((source) => source.addFiles(path))]);
    await (await findFrom(receiver, 4)).click();
    const drops = receiver.page.getByText(/ was dropped: /);
    await expect(drops).toHaveCount(1);
    await liftUplink(...rooms);
    await expectSavedWhole(receiver, path);

    await expect(drops).toHaveText(["Loki was dropped: sent data that is not the file."]);
    await receiver.expectPeers(3);
    for (const name of ["Hannah", "Hector", "Hilda"])
      await expect(receiver.person(name)).toContainText("direct");
  } finally {
    await nodePeers.close();
  }
});

interface Sent {
  readonly bytes: number;
  /** The most that ever waited in the browser's buffer. */
  readonly mostBuffered: number;
}

/** Counts the bytes that this page hands to its data channels. */
const countSent = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const sent = { bytes: 0, mostBuffered: 0 };
    const send = RTCDataChannel.prototype.send as (this: RTCDataChannel, data: ArrayBufferView) => void;
    RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: unknown) {
      send.call(this, data as ArrayBufferView);
      sent.bytes += (data as ArrayBufferView).byteLength;
      sent.mostBuffered = Math.max(sent.mostBuffered, this.bufferedAmount);
    };
    Object.assign(globalThis, { sent });
  });

const sentBy = (room: RoomPage): Promise<Sent> =>
  room.page.evaluate(() => ({ ...(globalThis as unknown as { sent: Sent }).sent }));

/** The bytes that a sender keeps of a file that it reads: the same for every file, however slow a receiver is. */
const READ_AHEAD = 16 * MiB;

/** Bytes that JavaScript holds, buffers included, after garbage collection. */
const heapOf = async (page: Page): Promise<number> => {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const usage = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  await session.detach();
  return usage.usedSize + (usage.backingStorageSize ?? 0);
};

test("while a receiver stands still, its sender buffers at most 4 MiB and keeps nothing else", async ({
  server,
  folder,
  open,
}) => {
  test.skip(process.platform === "win32", "needs SIGSTOP");
  const length = 4 * LENGTH;
  const path = await randomFile(join(folder, NAME), 33, length);
  const source = await open("/", {
    before: async (page) => {
      await slowUplink(length / pace.seconds(20))(page);
      await countSent(page);
    },
  });
  const code = await source.newPrivateRoom();
  const slowBrowser = await launchChromium();
  const system = await slowBrowser.newBrowserCDPSession();
  const renderers = async (): Promise<number[]> =>
    (await system.send("SystemInfo.getProcessInfo")).processInfo
      .filter(({ type }) => type === "renderer")
      .map(({ id }) => id);
  let stopped: readonly number[] = [];
  const goOn = (): void => {
    for (const pid of stopped) process.kill(pid, "SIGCONT");
    stopped = [];
  };
  try {
    const receiver = new RoomPage(await slowBrowser.newPage());
    await receiver.page.goto(`${server.urlAt()}/#${code}`);
    await receiver.expectPeers(1);
    await source.addFiles(path);
    const download = await receiver.find(NAME);
    const heapBefore = await heapOf(source.page);
    await download.getByRole("button", { name: /^Download / }).click();

    for (const percent of [10, 30]) {
      await reaches(receiver, percent);
      await expectNotOver(receiver);
      stopped = await renderers();
      for (const pid of stopped) process.kill(pid, "SIGSTOP");
      await fallsSilent(source);
      expect(await heapOf(source.page), `at ${percent} %`).toBeLessThan(heapBefore + READ_AHEAD + 8 * MiB);
      goOn();
    }
    await liftUplink(source);
    await expectSavedWhole(receiver, path);
    const { bytes, mostBuffered } = await sentBy(source);
    expect(bytes).toBeGreaterThan(length);
    expect(mostBuffered).toBeLessThanOrEqual(4 * MiB);
  } finally {
    goOn();
    await slowBrowser.close();
  }
});

/** Waits until hardly a byte is sent between one look and the next. */
const fallsSilent = async (room: RoomPage): Promise<void> => {
  let before = -1;
  await expect
    .poll(
      async () => {
        const { bytes } = await sentBy(room);
        const more = bytes - before;
        before = bytes;
        return more;
      },
      { intervals: [500] },
    )
    // Pings and other small frames go on.
    .toBeLessThan(1_000);
};

test("three receivers feed each other: their origin sends the file less than twice", async ({
  folder,
  open,
}) => {
  const path = await randomFile(join(folder, NAME), 34, LENGTH);
  // Its uplink is the limit for everybody, on a fast machine and on a slow one.
  const slow = slowUplink(LENGTH / pace.seconds(15));
  const [origin, ...receivers] = (await openRoom(open, ["Olga", "Rita", "Rolf", "Rosa"], {
    before: async (page) => {
      await slow(page);
      await countSent(page);
    },
  })) as [RoomPage, ...RoomPage[]];
  await liftUplink(...receivers);
  await origin.addFiles(path);
  const rows = await Promise.all(receivers.map((receiver) => receiver.find(NAME)));
  await Promise.all(rows.map((row) => row.getByRole("button", { name: /^Download / }).click()));
  for (const receiver of receivers) await expectSavedWhole(receiver, path);

  const { bytes } = await sentBy(origin);
  expect(bytes).toBeGreaterThan(LENGTH);
  expect(bytes).toBeLessThan(2 * LENGTH);
});
