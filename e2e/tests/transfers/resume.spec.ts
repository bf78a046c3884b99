/** [S12] [S12a] A download goes on by itself after any end of its page, and full storage only stops it for a while. */
import { mkdtemp, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "@playwright/test";
import { LAN_HOST, launchPersistent } from "../../lib/browser.ts";
import { Arrivals, liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { expect, test as base } from "../../lib/test.ts";

const NAME = "long way.bin";
/** Pieces of files up to 256 MiB. */
const PIECE_BYTES = MiB / 4;
const LENGTH = 24 * MiB;
/** Rate of the giver's uplink, in bytes a second: slow enough to catch a transfer in the middle, and lifted then. */
const RATE = LENGTH / pace.seconds(40);

/** A browser with a profile: its storage outlives it, and its quota is enforced. */
class Device {
  readonly #profile: string;
  readonly #watch: (context: BrowserContext) => void;
  #context: BrowserContext | null = null;

  constructor(profile: string, watch: (context: BrowserContext) => void) {
    this.#profile = profile;
    this.#watch = watch;
  }

  async open(url: string, arrivals = new Arrivals(), quotaBytes?: number): Promise<RoomPage> {
    this.#context ??= await this.#start();
    const page = await this.#context.newPage();
    await arrivals.watch(page);
    if (quotaBytes !== undefined) await this.setQuota(page, new URL(url).origin, quotaBytes);
    const room = new RoomPage(page);
    await page.goto(url);
    return room;
  }

  /** The whole browser, as when the power fails. */
  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#context!.once("close", resolve));
    const lock = await readlink(join(this.#profile, "SingletonLock")); // HOST-PID
    process.kill(Number(lock.split("-").at(-1)), "SIGKILL");
    await gone;
    this.#context = null;
  }

  /** Null: the quota that the disk gives. IndexedDB reads the quota when it is opened, and not at each write. */
  async setQuota(page: Page, origin: string, quotaSize: number | null): Promise<void> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Storage.overrideQuotaForOrigin", {
      origin,
      ...(quotaSize === null ? {} : { quotaSize }),
    });
  }

  async close(): Promise<void> {
    await this.#context?.close();
  }

  async #start(): Promise<BrowserContext> {
    const context = await launchPersistent(this.#profile);
    this.#watch(context);
    return context;
  }
}

const test = base.extend<{ device: Device }>({
  device: async ({ complaints }, use) => {
    const profile = await mkdtemp(join(tmpdir(), "swapmeet-profile-"));
    const device = new Device(profile, (context) => complaints.watch(context));
    await use(device);
    await device.close();
    await rm(profile, { recursive: true, force: true });
  },
});

const percentOf = async (room: RoomPage): Promise<number> =>
  Number(await room.progress(NAME).getAttribute("aria-valuenow"));

const reaches = (room: RoomPage, percent: number): Promise<void> =>
  expect
    .poll(() => percentOf(room), { intervals: [20], timeout: pace.hangMs(120_000) })
    .toBeGreaterThanOrEqual(percent);

const expectSavedWhole = async (room: RoomPage, path: string): Promise<void> => {
  const [saved] = await room.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(path));
};

const openLibrary = (room: RoomPage): Promise<void> =>
  room.page.getByRole("button", { name: /^Library/ }).click();

/** Sets the estimate that the page reads: Chromium's own is a round figure that no test's quota changes. */
const setEstimate = (room: RoomPage, quota: number): Promise<unknown> =>
  room.page.evaluate((quota) => {
    navigator.storage.estimate = () => Promise.resolve({ quota, usage: 0 });
  }, quota);

/** The person was away to make room. */
const comeBack = (room: RoomPage): Promise<unknown> =>
  room.page.evaluate(() => dispatchEvent(new Event("focus")));

/** A linear congruential generator: the same numbers every time. */
const randomNumbers = (seed: number, count: number, below: number): number[] => {
  let x = seed;
  return Array.from({ length: count }, () => {
    x = (x * 1_103_515_245 + 12_345) % 2 ** 31;
    return (x / 2 ** 31) * below;
  });
};

const expectNotOver = async (room: RoomPage): Promise<void> =>
  expect(await percentOf(room), "it was not over by then").toBeLessThan(100);

test.beforeEach(() => test.setTimeout(pace.hangMs(600_000)));

const WORLDS = [
  { world: "on localhost", host: "localhost", reloads: pace.times(20) },
  { world: "over plain http", host: LAN_HOST, reloads: 3 },
];
for (const { world, host, reloads } of WORLDS)
  test(`reloaded at random points, several times, a download goes on by itself and fetches at most a piece twice each time, ${world}`, async ({
    folder,
    open,
  }) => {
    const file = await randomFile(join(folder, NAME), 31, LENGTH);
    const giver = await open("/", { host, before: slowUplink(RATE) });
    const arrivals = new Arrivals();
    const taker = await open(`/#${await giver.newPrivateRoom()}`, {
      host,
      before: (page) => arrivals.watch(page),
    });
    await giver.addFiles(file);
    await taker.download(NAME);

    let stored = 0;
    for (const more of randomNumbers(7, reloads, 3)) {
      await reaches(taker, stored + more);
      await expectNotOver(taker);
      stored = await percentOf(taker);
      await taker.page.reload();
      await reaches(taker, stored);
    }

    await liftUplink(giver);
    await expectSavedWhole(taker, file);
    expect(arrivals.bytes - LENGTH).toBeLessThanOrEqual(reloads * PIECE_BYTES);
  });

test("reloaded at 6 random points with three sources, a download fetches at most a piece of each twice", async ({
  folder,
  open,
}) => {
  const [reloads, sources] = [6, 3];
  const file = await randomFile(join(folder, NAME), 37, LENGTH);
  const arrivals = new Arrivals();
  const before = slowUplink(RATE / sources);
  const first = await open("/", { before });
  const room = `/#${await first.newPrivateRoom()}`;
  const givers = [first, await open(room, { before }), await open(room, { before })];
  for (const giver of givers) await giver.addFiles(file);
  const taker = await open(room, { before: (page) => arrivals.watch(page) });
  const row = await taker.find(NAME);
  await expect(row).toContainText(/\b3\s+sources/);
  await row.getByRole("button", { name: /^Download / }).click();

  let stored = 0;
  for (const more of randomNumbers(9, reloads, 10)) {
    await reaches(taker, stored + more);
    await expectNotOver(taker);
    stored = await percentOf(taker);
    await taker.page.reload();
    await reaches(taker, stored);
  }

  await liftUplink(...givers);
  await expectSavedWhole(taker, file);
  expect(arrivals.bytes - LENGTH).toBeLessThanOrEqual(reloads * sources * PIECE_BYTES);
});

test("a browser that is killed in the middle of a download goes on with it when it is started again", async ({
  server,
  folder,
  open,
  device,
}) => {
  const file = await randomFile(join(folder, NAME), 32, LENGTH);
  const giver = await open("/", { before: slowUplink(RATE) });
  const url = `${server.urlAt()}/#${await giver.newPrivateRoom()}`;
  await giver.addFiles(file);
  const arrivals = new Arrivals();
  const taker = await device.open(url, arrivals);
  await taker.download(NAME);
  await reaches(taker, 20);
  await expectNotOver(taker);

  await device.kill();
  const again = await device.open(url, arrivals);
  await reaches(again, 20);
  await liftUplink(giver);

  await expectSavedWhole(again, file);
  // The piece that was being written when the power failed, and the arrived part of the next one.
  expect(arrivals.bytes - LENGTH).toBeLessThanOrEqual(2 * PIECE_BYTES);
});

const QUOTAS = [
  // A file with holes counts by its length: the piece that does not fit is the last one, which may come first.
  { world: "on localhost", host: "localhost", quotaBytes: LENGTH - PIECE_BYTES / 2, mayBeFirst: true },
  { world: "over plain http", host: LAN_HOST, quotaBytes: LENGTH / 3, mayBeFirst: false },
];
for (const { world, host, quotaBytes, mayBeFirst } of QUOTAS)
  test(`full storage stops a download and says what to do; with room again it goes on by itself, ${world}`, async ({
    server,
    folder,
    open,
    device,
  }) => {
    const file = await randomFile(join(folder, NAME), 33, LENGTH);
    const giver = await open("/", { host });
    const origin = server.urlAt(host);
    const url = `${origin}/#${await giver.newPrivateRoom()}`;
    const taker = await device.open(url, new Arrivals(), quotaBytes);
    await giver.addFiles(file);
    await taker.download(NAME);

    await expect(taker.transfer(NAME)).toContainText(/Paused: no room.*Delete stored files in Settings/);
    const stored = await percentOf(taker);
    if (!mayBeFirst) expect(stored).toBeGreaterThan(0);

    await device.setQuota(taker.page, origin, null);
    await comeBack(taker);
    expect(await percentOf(taker)).toBeGreaterThanOrEqual(stored);
    await expectSavedWhole(taker, file);
  });

test("a file larger than the room left is not begun, and the page says how much is missing", async ({
  server,
  folder,
  open,
  device,
}) => {
  const file = await randomFile(join(folder, NAME), 34, LENGTH);
  const giver = await open("/");
  const arrivals = new Arrivals();
  const taker = await device.open(`${server.urlAt()}/#${await giver.newPrivateRoom()}`, arrivals);
  await giver.addFiles(file);
  await taker.find(NAME);
  await setEstimate(taker, 4 * MiB);
  await taker.download(NAME);
  await expect(taker.transfer(NAME)).toContainText(/Paused: no room, 20\sMB missing/);
  expect(arrivals.bytes).toBe(0);

  await setEstimate(taker, 400 * MiB);
  await comeBack(taker);
  await expectSavedWhole(taker, file);
});

for (const { world, host } of WORLDS)
  test(`[F6] a second tab that wants the file that the first is fetching waits, and has it when the first has it, ${world}`, async ({
    folder,
    open,
  }) => {
    const file = await randomFile(join(folder, NAME), 35, LENGTH);
    const giver = await open("/", { host, before: slowUplink(RATE) });
    const room = `/#${await giver.newPrivateRoom()}`;
    await giver.addFiles(file);
    const first = await open(room, { host });
    const arrivals = new Arrivals();
    const second = await open(room, { host, beside: first, before: (page) => arrivals.watch(page) });
    await first.download(NAME);
    await reaches(first, 10);
    await second.download(NAME);
    await expect(second.transfer(NAME)).toContainText("another tab of this browser is fetching it");
    await expectNotOver(first);
    await liftUplink(giver);

    await expectSavedWhole(first, file);
    await expectSavedWhole(second, file);
    expect(arrivals.bytes).toBe(0);

    const later = await open(room, { host, beside: first });
    await giver.page.close();
    await later.download(NAME);
    await expectSavedWhole(later, file);
  });

test("a cancelled download is off the list at once; taken back, it still has its pieces, though no source is there", async ({
  folder,
  open,
}) => {
  const file = await randomFile(join(folder, NAME), 37, LENGTH);
  const giver = await open("/", { before: slowUplink(RATE) });
  const taker = await open(`/#${await giver.newPrivateRoom()}`);
  await giver.addFiles(file);
  await taker.download(NAME);
  await reaches(taker, 20);
  await giver.page.close();
  await expect(taker.transfer(NAME)).toContainText("Queued, nobody here has it now");
  const had = await percentOf(taker);
  await taker.page.getByRole("button", { name: `Cancel ${NAME}` }).click();
  await expect(taker.transfer(NAME)).toHaveCount(0);
  await taker.page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => percentOf(taker)).toBe(had);
  await expect(taker.transfer(NAME)).toContainText("Queued, nobody here has it now");
});

test("stored files of finished downloads are listed, shared again after a reload, and can be deleted", async ({
  folder,
  open,
  openPair,
}) => {
  const file = await randomFile(join(folder, NAME), 36, 3 * MiB);
  const [giver, taker] = await openPair();
  await giver.addFiles(file);
  await taker.download(NAME);
  await expectSavedWhole(taker, file);
  await taker.page.reload();
  await openLibrary(taker);
  await expect(taker.library.getByRole("listitem")).toContainText(NAME);
  expect(taker.saves).toHaveLength(1);

  await giver.page.close();
  const third = await open(`/#${taker.code}`);
  await third.download(NAME);
  await expectSavedWhole(third, file);

  await taker.page.getByRole("button", { name: "Settings" }).click();
  const stored = taker.page.getByRole("list", { name: "Stored on this device" });
  await expect(stored.getByRole("listitem")).toContainText(NAME);
  await taker.page.getByRole("button", { name: /^Delete all, / }).click();
  const question = taker.page.getByRole("dialog", { name: "Delete all?" });
  await question.getByRole("button", { name: "Keep them" }).click();
  await expect(stored.getByRole("listitem")).toContainText(NAME);
  await taker.page.getByRole("button", { name: `Delete ${NAME}` }).click();
  const one = taker.page.getByRole("dialog", { name: "Delete this file?" });
  await expect(one).toContainText(NAME);
  await one.getByRole("button", { name: "Delete it" }).click();
  await expect(stored).toBeHidden();
  await taker.page.keyboard.press("Escape");
  await expect(taker.library.getByRole("listitem").filter({ hasText: NAME })).toHaveCount(0);
});
