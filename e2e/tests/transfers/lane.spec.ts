/** Tabs of one browser hand each other the file itself: at once, and over no channel. PROTOCOL.md, "Same browser". */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { LAN_HOST } from "../../lib/browser.ts";
import { slowUplink } from "../../lib/peers/channels.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { expect, test, type Opening } from "../../lib/test.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import type { Page } from "@playwright/test";

const NAME = "handed over.bin";
const LENGTH = 24 * MiB;

type Open = (path?: string, opening?: Opening) => Promise<RoomPage>;

/** Two tabs of one browser in a new private room. */
const openTabs = async (open: Open, opening: Opening = {}): Promise<[RoomPage, RoomPage]> => {
  const giver = await open("/", { before: watchChannels, ...opening });
  const code = await giver.newPrivateRoom();
  const taker = await open(`/#${code}`, { before: watchChannels, ...opening, beside: giver });
  await taker.expectPeers(1);
  await giver.expectPeers(1);
  return [giver, taker];
};

/** Counts the bytes that arrive on data channels, without trusting the page's own figures. */
const watchChannels = (page: Page): Promise<unknown> =>
  page.addInitScript(`
    window.channelBytes = 0;
    const count = (channel) =>
      channel.addEventListener("message", ({ data }) => (window.channelBytes += data.byteLength ?? data.size));
    const create = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
      const channel = create.apply(this, args);
      count(channel);
      return channel;
    };
    const Connection = RTCPeerConnection;
    window.RTCPeerConnection = class extends Connection {
      constructor(...args) {
        super(...args);
        this.addEventListener("datachannel", ({ channel }) => count(channel));
      }
    };
  `);

const channelBytes = (tab: RoomPage): Promise<number> =>
  tab.page.evaluate(() => (window as unknown as { channelBytes: number }).channelBytes);

const savedHash = async (tab: RoomPage): Promise<string> => sha256((await tab.saved(1))[0]!.path);

for (const host of ["localhost", LAN_HOST])
  test(`[L1] between tabs of one browser a file takes no channel, at http://${host}`, async ({
    open,
    folder,
  }) => {
    const [giver, taker] = await openTabs(open, { host });
    const path = await randomFile(join(folder, NAME), 31, LENGTH);
    await giver.addFiles(path);
    await taker.download(NAME);
    await taker.waitComplete(NAME);
    await expect(taker.transfer(NAME)).toContainText("same browser");
    expect(await savedHash(taker)).toBe(await sha256(path));
    expect(await channelBytes(taker)).toBeLessThan(LENGTH / 4);
  });

test("[L6] switched off, the same file takes the channel", async ({ open, folder }) => {
  const [giver, taker] = await openTabs(open);
  await taker.page.getByRole("button", { name: "Settings" }).first().click();
  await taker.page.getByRole("checkbox", { name: /Use the channel even between tabs/ }).check();
  await taker.page.keyboard.press("Escape");
  const path = await randomFile(join(folder, NAME), 32, LENGTH);
  await giver.addFiles(path);
  await taker.download(NAME);
  await taker.waitComplete(NAME);
  await expect(taker.transfer(NAME)).not.toContainText("same browser");
  expect(await savedHash(taker)).toBe(await sha256(path));
  expect(await channelBytes(taker)).toBeGreaterThan(LENGTH);
});

test("[L1a] a tab that comes to share the file during a download hands it over, and its giver may close at once", async ({
  open,
  folder,
}) => {
  const length = 96 * MiB;
  const far = await open("/", { before: slowUplink(length / pace.seconds(120)) });
  const code = await far.newPrivateRoom();
  const giver = await open(`/#${code}`);
  const tab = await open(`/#${code}`, { beside: giver, before: watchChannels });
  await tab.expectPeers(2);
  const path = await randomFile(join(folder, NAME), 33, length);
  await far.addFiles(path);
  await tab.download(NAME);
  await expect(tab.transfer(NAME)).toContainText("Downloading");
  await giver.addFiles(path);
  await expect(tab.transfer(NAME)).toContainText("same browser", { timeout: pace.hangMs(60_000) });
  await giver.page.close();
  await tab.waitComplete(NAME);
  expect(await savedHash(tab)).toBe(await sha256(path));
  expect(await channelBytes(tab)).toBeLessThan(length);
});

test("[L5] the tab that gave a file is closed right after: it is complete all the same", async ({
  open,
  folder,
}) => {
  const [giver, taker] = await openTabs(open);
  const path = await randomFile(join(folder, NAME), 34, pace.bytesOf(5, 200 * MiB));
  await giver.addFiles(path);
  await taker.download(NAME);
  await expect(taker.transfer(NAME)).toContainText("same browser", { timeout: pace.hangMs(60_000) });
  await giver.page.close();
  await taker.waitComplete(NAME);
  expect(await savedHash(taker)).toBe(await sha256(path));
});

test("[L4] a file that was edited after it was shared is named, and no wrong byte is saved", async ({
  open,
  folder,
}) => {
  const [giver, taker] = await openTabs(open);
  const path = await randomFile(join(folder, NAME), 35, LENGTH);
  await giver.addFiles(path);
  await taker.find(NAME);
  await appendFile(path, "edited");
  await taker.download(NAME);
  // The giver finds out as well, and takes it off its table [S17]: one of the two is first.
  await expect(taker.transfer(NAME)).toContainText(/Failed: .*changed|nobody here has it now/, {
    timeout: pace.hangMs(60_000),
  });
  expect(taker.saves).toHaveLength(0);
});
