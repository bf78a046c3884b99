/** Two browsers by different makers in one room. Playwright cannot drive a stock Firefox; WebDriver BiDi can. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import puppeteer, { type Browser, type ElementHandle, type Page } from "puppeteer-core";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { findFirefox } from "../../lib/install/firefox.mjs";
import { pace } from "../../lib/pace.ts";
import { expect, test } from "../../lib/test.ts";

const firefoxPath = findFirefox();

/** By accessible role and name, as Playwright finds things. */
const find = (page: Page, role: string, name: string): Promise<ElementHandle<Element> | null> =>
  page.waitForSelector(`aria/${name}[role="${role}"]`, { timeout: pace.hangMs(60_000) });

test.describe("Chromium with Firefox", () => {
  test.skip(firefoxPath === undefined, "no Firefox on this machine");
  let firefox: Browser;

  test.afterEach(() => firefox.close());

  test("each fetches a file from the other, and every byte is the same", async ({ folder, open }) => {
    const saves = join(folder, "saves");
    await mkdir(saves);
    firefox = await puppeteer.launch({
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
    const fromChromium = await randomFile(join(folder, "from chromium.bin"), 1, 6 * MiB + 7);
    const fromFirefox = await randomFile(join(folder, "from firefox.bin"), 2, 3 * MiB + 1);

    const chromium = await open("/");
    const code = await chromium.newPrivateRoom();
    await chromium.addFiles(fromChromium);
    const page = await firefox.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${chromium.url.split("#")[0]}#${code}`);
    await chromium.expectPeers(1);

    await (await find(page, "button", "Download from chromium.bin"))?.click();
    await expect
      .poll(() => sizeOf(join(saves, "from chromium.bin")), { timeout: pace.hangMs(120_000) })
      .toBe(6 * MiB + 7);
    expect(await sha256(join(saves, "from chromium.bin"))).toBe(await sha256(fromChromium));

    const input = (await page.waitForSelector(
      'input[type="file"]:not([webkitdirectory])',
    )) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(fromFirefox);
    await chromium.download("from firefox.bin");
    const [saved] = await chromium.saved(1);
    expect(await sha256(saved!.path)).toBe(await sha256(fromFirefox));

    expect(complaints).toEqual([]);
    expect(await readdir(saves)).toEqual(["from chromium.bin"]);
  });
});

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
