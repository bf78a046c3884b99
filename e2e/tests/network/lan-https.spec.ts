/**
 * `npm start -- --https` in a local network: the way of a device from plain http to a page that it trusts. The browser
 * trusts nothing but what a person gives it: the authority's file, in the list of its own home folder.
 */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium, type BrowserContext, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";
import { launchOptions } from "../../lib/browser.ts";
import { aptInstall, onPath } from "../../lib/install/installing.mjs";
import { existsSync } from "node:fs";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, test } from "../../lib/test.ts";

/** The name that a certificate of this computer stands for. Over plain http, a browser takes it for no secure context. */
const LOCAL_NAME = `${hostname().split(".")[0]!.toLowerCase()}.local`;

const certutil = (...args: string[]) => promisify(execFile)("certutil", args);
const hasCertutil = (): boolean => onPath(["certutil"]).some(existsSync);

test("a device that was given the authority's file opens the page over https, with all that a secure page has", async ({
  folder,
  complaints,
}) => {
  if (!hasCertutil()) aptInstall("libnss3-tools");
  const why = process.platform !== "linux" || !hasCertutil() ? "there is no certutil of NSS" : null;
  if (why !== null) console.warn(`\n!!! SKIPPED, https in a local network: ${why}\n`);
  test.skip(why !== null, why ?? "");
  test.setTimeout(pace.hangMs(300_000));
  const home = join(folder, "home");
  const list = `sql:${join(home, ".pki/nssdb")}`;
  await mkdir(join(home, ".pki/nssdb"), { recursive: true });
  await certutil("-N", "-d", list, "--empty-password");
  const server = await ServerProcess.start({
    env: { XDG_DATA_HOME: folder, HTTPS_PORT: "0" },
    flags: ["--https"],
  });
  const trust = `${server.urlAt(LOCAL_NAME)}/trust`;
  let browser = await launch(home);
  try {
    // Before: plain http works, https is refused, and the page says how to go on.
    complaints.watch(browser);
    complaints.expect(/ERR_CERT_AUTHORITY_INVALID/);
    const ann = new RoomPage(await browser.newPage());
    await ann.page.goto(server.urlAt(LOCAL_NAME));
    const code = await ann.newPrivateRoom();
    await ann.page.goto(`${trust}#${code}`);
    await expect(ann.page.getByRole("link", { name: "Open Swapmeet" })).toBeHidden();
    const refused = (await browser.newPage()).goto(server.secureUrlAt(LOCAL_NAME));
    await expect(refused).rejects.toThrow(/ERR_CERT_AUTHORITY_INVALID/);
    await ann.page.bringToFront();
    await ann.page.getByRole("link", { name: "Set up this device first" }).click();
    const [download] = await Promise.all([
      ann.page.waitForEvent("download"),
      ann.page.getByRole("group").filter({ hasText: "certutil" }).getByRole("link").click(),
    ]);
    const file = join(folder, download.suggestedFilename());
    await download.saveAs(file);
    expect(download.suggestedFilename()).toBe("swapmeet-ca.crt");
    const shown = await ann.page.getByLabel("SHA-256 fingerprint").innerText();
    expect(shown.replace(/\s+/g, ":")).toBe(new X509Certificate(await readFile(file)).fingerprint256);
    await ann.page.getByRole("link", { name: "Use Swapmeet now" }).click();
    await ann.expectOnline();
    expect([ann.code, await secureness(ann.page)]).toEqual([
      code,
      { isSecure: false, files: "none", subtle: false },
    ]);

    // What the page tells people to type.
    await browser.close();
    await certutil("-A", "-d", list, "-t", "C,,", "-n", "Swapmeet", "-i", file);

    // After: the same link leads to https, and members at both meet.
    browser = await launch(home);
    complaints.watch(browser);
    const ben = new RoomPage(await browser.newPage());
    await ben.page.goto(`${trust}#${code}`);
    await ben.page.getByRole("link", { name: "Open Swapmeet" }).click();
    await ben.page.waitForURL(`${server.secureUrlAt(LOCAL_NAME)}/#${code}`);
    await ben.expectOnline();
    expect(await secureness(ben.page)).toEqual({ isSecure: true, files: "written", subtle: true });
    // Newcomers do not trust this computer yet, so they are invited to the page that explains it.
    await ben.page.getByRole("button", { name: "Invite", exact: true }).click();
    const invitation = ben.page.getByRole("dialog", { name: "Invite" });
    await expect(invitation).toContainText(`${trust}#${code}`);
    await ben.page.keyboard.press("Escape");
    const cleo = new RoomPage(await browser.newPage());
    await cleo.page.goto(`${server.urlAt(LOCAL_NAME)}/#${code}`);
    await ben.expectPeers(1);
    await cleo.expectPeers(1);
  } finally {
    await browser.close();
    await server.kill();
  }
});

test.describe("the page about trust", () => {
  for (const [screen, viewport] of [
    ["a desktop", { width: 1280, height: 800 }],
    ["a phone", { width: 320, height: 640 }],
  ] as const)
    for (const colorScheme of ["light", "dark"] as const)
      test(`fits ${screen} in ${colorScheme}, also unfolded, and axe finds nothing`, async ({
        browser,
        folder,
        complaints,
      }, info) => {
        const server = await ServerProcess.start({
          env: { XDG_DATA_HOME: folder, HTTPS_PORT: "0" },
          flags: ["--https"],
        });
        const context = await browser.newContext({ viewport, colorScheme });
        try {
          complaints.watch(context);
          complaints.expect(/ERR_CERT_AUTHORITY_INVALID/);
          const page = await context.newPage();
          await page.goto(`${server.urlAt()}/trust`);
          await expect(page.getByRole("heading", { name: "Swapmeet over https" })).toBeVisible();
          await info.attach("top", { body: await page.screenshot(), contentType: "image/png" });
          // A script that the policy of the page lets in: Playwright's own.
          await page.evaluate(() =>
            document.querySelectorAll("details").forEach((part) => (part.open = true)),
          );
          expect(await page.evaluate(overflowPx), "nothing to scroll sideways").toBe(0);
          expect(await violations(page)).toEqual([]);
          await info.attach("whole", {
            body: await page.screenshot({ fullPage: true }),
            contentType: "image/png",
          });
        } finally {
          await context.close();
          await server.kill();
        }
      });

  test("unfolds the part for the device that reads it", async ({ browser, folder }) => {
    const server = await ServerProcess.start({
      env: { XDG_DATA_HOME: folder, HTTPS_PORT: "0" },
      flags: ["--https"],
    });
    try {
      for (const [userAgent, part] of [
        ["Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile", "Android"],
        ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "iPhone and iPad"],
        ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0", "Windows"],
        ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1", "macOS"],
        ["Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/140.0", "Chromebook"],
        ["Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0", "Linux"],
      ] as const) {
        const context = await browser.newContext({ userAgent });
        const page = await context.newPage();
        await page.goto(`${server.urlAt()}/trust`);
        await expect(page.locator("details[open] > summary")).toHaveText([part]);
        await context.close();
      }
    } finally {
      await server.kill();
    }
  });
});

/** A Chromium whose list of authorities is that of this home folder, and that finds this computer by its local name. */
const launch = (home: string): Promise<BrowserContext> => {
  const options = launchOptions([`--host-resolver-rules=MAP ${LOCAL_NAME} 127.0.0.1`]);
  return chromium.launchPersistentContext(join(home, "profile"), {
    ...options,
    env: { ...(process.env as Record<string, string>), HOME: home },
  });
};

const secureness = (page: Page) =>
  page.evaluate(async () => {
    const files = await (async () => {
      if (!("storage" in navigator)) return "none";
      const file = await (await navigator.storage.getDirectory()).getFileHandle("probe", { create: true });
      const stream = await file.createWritable();
      await stream.write("probe");
      await stream.close();
      return (await (await file.getFile()).text()) === "probe" ? "written" : "lost";
    })();
    return { isSecure: isSecureContext, files, subtle: crypto.subtle !== undefined };
  });

const overflowPx = (): number => document.documentElement.scrollWidth - document.documentElement.clientWidth;

async function violations(page: Page): Promise<unknown[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
}
