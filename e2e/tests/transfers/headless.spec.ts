/** A peer without a browser, the command `swapmeet`, with browsers by two makers, in both directions. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import puppeteer, { type ElementHandle } from "puppeteer-core";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { findFirefox } from "../../lib/install/firefox.mjs";
import { pace } from "../../lib/pace.ts";
import { Headless } from "../../lib/peers/headless.ts";
import { expect, test as base } from "../../lib/test.ts";

/** About ten seconds over a raw channel. */
const LENGTH = pace.bytesOf(10, 200 * MiB);
const firefoxPath = findFirefox();

const test = base.extend<{ swapmeet: (...args: string[]) => Headless }>({
  swapmeet: async ({ folder }, use) => {
    const started: Headless[] = [];
    await use((...args) => {
      const peer = Headless.start(args, folder);
      started.push(peer);
      return peer;
    });
    for (const peer of started) await peer.kill("SIGKILL");
  },
});

test.beforeEach(() => test.setTimeout(pace.hangMs(300_000)));

test("Chromium gets a file from it, and it gets one from Chromium", async ({ open, swapmeet, folder }) => {
  const theirs = await randomFile(join(folder, "from the peer.bin"), 1, LENGTH);
  const chromiums = await randomFile(join(folder, "from chromium.bin"), 2, LENGTH + 1);
  const page = await open("/");
  await page.newPrivateRoom();

  const sharer = swapmeet("share", theirs, "--room", page.url, "--name", "Ada");
  await page.download("from the peer.bin");
  const [saved] = await page.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(theirs));
  await sharer.tells(({ event }) => event === "sent");
  expect(await sharer.kill("SIGINT")).toBe(0);

  await page.addFiles(chromiums);
  const getter = swapmeet("get", "from chromium.bin", "--room", page.url, "--to", "out");
  expect(await getter.ended()).toBe(0);
  expect(await sha256(join(folder, "out", "from chromium.bin"))).toBe(await sha256(chromiums));
  expect(sharer.stderr + getter.stderr).toBe("");
});

test("[S12] killed at half of a file from Chromium, it goes on there", async ({ open, swapmeet, folder }) => {
  const path = await randomFile(join(folder, "long way.bin"), 3, LENGTH);
  const page = await open("/");
  await page.newPrivateRoom();
  await page.addFiles(path);
  const get = () => swapmeet("get", "long way.bin", "--room", page.url, "--to", "out");
  const killed = get();
  const { bytes: atHalf } = await killed.tells(
    ({ event, bytes }) => event === "progress" && Number(bytes) >= LENGTH / 2,
  );
  expect(await killed.kill("SIGKILL")).toBeNull();
  expect((await readdir(join(folder, "out"))).filter((name) => !name.startsWith(".")).sort()).toEqual([
    "long way.bin.part",
    "long way.bin.part.claims",
  ]);
  const resumed = get();
  const first = await resumed.tells(({ event }) => event === "progress" || event === "saved");
  expect(Number(first["bytes"])).toBeGreaterThanOrEqual(Number(atHalf));
  expect(await resumed.ended()).toBe(0);
  expect(await sha256(join(folder, "out", "long way.bin"))).toBe(await sha256(path));
  expect(await readdir(join(folder, "out"))).toEqual(["long way.bin"]);
});

test("it receives what Chromium sends to it alone", async ({ open, swapmeet, folder }) => {
  const path = await randomFile(join(folder, "for ben.bin"), 4, 3 * MiB);
  const page = await open("/");
  await page.newPrivateRoom();
  const receiver = swapmeet("receive", "--room", page.url, "--to", "out", "--name", "Ben");
  await page.person("Ben").getByRole("button", { name: "Send to Ben" }).click();
  const dialog = page.page.getByRole("dialog", { name: "Send to Ben" });
  await dialog.getByLabel("Choose files to send").setInputFiles(path);
  await dialog.getByRole("button", { name: "Send 1 file" }).click();
  expect(await receiver.ended()).toBe(0);
  expect(await sha256(join(folder, "out", "for ben.bin"))).toBe(await sha256(path));
});

test("Firefox gets a file from it, and it gets one from Firefox", async ({ server, swapmeet, folder }) => {
  test.skip(firefoxPath === undefined, "no Firefox on this machine");
  const saves = join(folder, "saves");
  await mkdir(saves);
  const theirs = await randomFile(join(folder, "from the peer.bin"), 5, LENGTH);
  const firefoxs = await randomFile(join(folder, "from firefox.bin"), 6, LENGTH + 1);
  const firefox = await puppeteer.launch({
    browser: "firefox",
    timeout: pace.hangMs(60_000),
    protocolTimeout: pace.hangMs(180_000),
    executablePath: firefoxPath as string,
    extraPrefsFirefox: {
      "browser.download.folderList": 2,
      "browser.download.dir": saves,
      // A machine without a network still has itself.
      "media.peerconnection.ice.loopback": true,
    },
  });
  try {
    const sharer = swapmeet("share", theirs, "--server", server.urlAt(), "--name", "Ada");
    const room = await sharer.tells(({ event }) => event === "room");
    const link = `${server.urlAt()}/#${String(room["code"])}`;
    const page = await firefox.newPage();
    await page.goto(link);
    const button = await page.waitForSelector('aria/Download from the peer.bin[role="button"]', {
      timeout: pace.hangMs(60_000),
    });
    await button?.click();
    await expect
      .poll(() => sizeOf(join(saves, "from the peer.bin")), { timeout: pace.hangMs(120_000) })
      .toBe(LENGTH);
    expect(await sha256(join(saves, "from the peer.bin"))).toBe(await sha256(theirs));
    const input = (await page.waitForSelector(
      'input[type="file"]:not([webkitdirectory])',
    )) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(firefoxs);
    const getter = swapmeet("get", "from firefox.bin", "--room", link, "--to", "out");
    expect(await getter.ended()).toBe(0);
    expect(await sha256(join(folder, "out", "from firefox.bin"))).toBe(await sha256(firefoxs));
  } finally {
    await firefox.close();
  }
});

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
