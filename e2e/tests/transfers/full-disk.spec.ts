/**
 * [F5a] [F12] A disk that is full, in a private window and in a profile: a piece without room is not claimed, and with
 * room again the download is whole. Chromium's private windows do not throw then, see opfs-shelves.ts. Their IndexedDB
 * ignores the quota, so the quota of IndexedDB is tested in profiles, in resume.spec.ts.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "@playwright/test";
import { launchPersistent } from "../../lib/browser.ts";
import { slowUplink } from "../../lib/peers/channels.ts";
import { DevicePages, device } from "../../lib/page/device-page.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { expect, test as base } from "../../lib/test.ts";

const PIECE_BYTES = MiB / 4;
const NAME = "no room.bin";
const LENGTH = 4 * MiB;

/** Overrides the quota of one page. The override lasts as long as the session. */
class Quota {
  readonly #page: Page;
  #session: Promise<CDPSession> | null = null;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Null: the quota that the disk gives. */
  async set(quotaSize: number | null): Promise<void> {
    const session = await (this.#session ??= this.#page.context().newCDPSession(this.#page));
    const { origin } = new URL(this.#page.url());
    await session.send("Storage.overrideQuotaForOrigin", {
      origin,
      ...(quotaSize === null ? {} : { quotaSize }),
    });
  }
}

type Window = "a private window" | "a profile";
const WINDOWS: readonly Window[] = ["a private window", "a profile"];

const test = base.extend<{ pageIn: (window: Window) => Promise<Page> }>({
  pageIn: async ({ browser }, use) => {
    const profile = await mkdtemp(join(tmpdir(), "swapmeet-profile-"));
    const closings: (() => Promise<void>)[] = [];
    await use(async (window) => {
      const context = window === "a profile" ? await launchPersistent(profile) : await browser.newContext();
      closings.push(() => context.close());
      return context.newPage();
    });
    for (const close of closings) await close();
    await rm(profile, { recursive: true, force: true });
  },
});

test.describe("the store", () => {
  let pages: DevicePages;
  test.beforeAll(async () => void (pages = await DevicePages.serve()));
  test.afterAll(() => pages.close());

  for (const window of WINDOWS)
    for (const [which, piece] of [
      ["first", 0],
      ["middle", 1],
      ["last", 3],
    ] as const)
      test(`does not claim a file's ${which} piece that finds no room in ${window}, and stores it with room again`, async ({
        pageIn,
      }) => {
        const page = await pageIn(window);
        await pages.open(page, "localhost");
        expect(await device(page, "storeKind")).toBe("opfs");
        const quota = new Quota(page);
        await page.exposeFunction("fill", (isFull: boolean) => quota.set(isFull ? 1 : null));
        await device(page, "runFullAt", piece);
      });
});

for (const window of WINDOWS)
  for (const [which, quotaBytes] of [
    ["first", PIECE_BYTES / 2],
    ["a middle", LENGTH / 2],
    // A file with holes counts by its length: the piece that does not fit is the last one, whenever it comes.
    ["the last", LENGTH - PIECE_BYTES / 2],
  ] as const)
    test(`a download that finds no room at ${which} piece in ${window} waits, and is saved whole with room again`, async ({
      server,
      folder,
      open,
      pageIn,
      complaints,
    }) => {
      const file = await randomFile(join(folder, NAME), 51, LENGTH);
      const giver = await open("/", { before: slowUplink(4 * MiB) });
      const url = `${server.urlAt()}/#${await giver.newPrivateRoom()}`;
      const taker = new RoomPage(await pageIn(window));
      complaints.watch(taker.page.context());
      const quota = new Quota(taker.page);
      await taker.page.goto(url);
      await giver.addFiles(file);
      const row = await taker.find(NAME);
      await quota.set(quotaBytes);
      await row.getByRole("button", { name: /^Download / }).click();
      await expect(taker.transfer(NAME)).toContainText("Paused: no room", { timeout: pace.hangMs(60_000) });
      expect(taker.saves).toEqual([]);

      await quota.set(null);
      await taker.page.evaluate(() => dispatchEvent(new Event("focus")));
      const [saved] = await taker.saved(1);
      expect(await sha256(saved!.path)).toBe(await sha256(file));
    });

test("a browser that refuses to tell how much room there is downloads a large file all the same", async ({
  folder,
  open,
}) => {
  const file = await randomFile(join(folder, NAME), 52, 17 * MiB);
  const giver = await open("/");
  const taker = await open(`/#${await giver.newPrivateRoom()}`, {
    before: (page) =>
      page.addInitScript(() => {
        const refuse = () => Promise.reject(new DOMException("refused", "UnknownError"));
        for (const name of ["estimate", "persisted", "persist"])
          Object.defineProperty(StorageManager.prototype, name, { value: refuse });
      }),
  });
  await giver.addFiles(file);
  await taker.download(NAME);
  const [saved] = await taker.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(file));
  await taker.page.getByRole("button", { name: "Settings" }).click();
  await expect(taker.page.getByRole("dialog", { name: "Settings" })).toBeVisible();
});
