/** The names that browsers give on the disk to files that they save. [N1b] */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import puppeteer, { type Browser } from "puppeteer-core";
import { launchOptions } from "../../lib/browser.ts";
import { DevicePages } from "../../lib/page/device-page.ts";
import { findFirefox } from "../../lib/install/firefox.mjs";
import { pace } from "../../lib/pace.ts";

/** Names that every browser saves as they are. */
const KEPT = [
  "LICENSE",
  "Makefile",
  "README.MD",
  "PHOTO.JPEG",
  "backup.tar.gz",
  "jquery.min.js",
  "notes.qqq",
  "data.b1n",
  "Dockerfile.dev",
];
/** Neither browser saves a file under a name that file managers hide. In a chosen folder the name keeps its dot. */
const DOTFILES = [".gitignore", ".env"];
const WITHOUT_DOT = ["gitignore", "env"];

const FIREFOX = findFirefox();

const launch = {
  chromium: async (saves: string): Promise<Browser> => {
    const { executablePath, args } = launchOptions();
    const browser = await puppeteer.launch({ executablePath: executablePath!, args: args ?? [] });
    const session = await browser.target().createCDPSession();
    await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: saves });
    return browser;
  },
  firefox: (saves: string): Promise<Browser> =>
    puppeteer.launch({
      browser: "firefox",
      executablePath: FIREFOX!,
      extraPrefsFirefox: { "browser.download.folderList": 2, "browser.download.dir": saves },
    }),
};

for (const name of ["chromium", "firefox"] as const)
  test(`[N1b] ${name} saves a file under its own name, with no ending of the browser's`, async () => {
    test.skip(name === "firefox" && FIREFOX === undefined, "no Firefox on this machine");
    const saves = await mkdtemp(join(tmpdir(), "swapmeet-saves-"));
    const pages = await DevicePages.serve();
    const browser = await launch[name](saves);
    try {
      const page = await browser.newPage();
      await page.goto(pages.urlAt("localhost"));
      await page.waitForFunction(() => "device" in window);
      await page.evaluate(
        (names) =>
          (window as unknown as { device: { saveAs(names: string[]): Promise<void> } }).device.saveAs(names),
        [...KEPT, ...DOTFILES],
      );
      await expect
        .poll(async () => (await readdir(saves)).sort(), { timeout: pace.hangMs(60_000) })
        .toEqual([...KEPT, ...WITHOUT_DOT].sort());
    } finally {
      await browser.close();
      await pages.close();
      await rm(saves, { recursive: true });
    }
  });
