/** Chromium as the tests and benchmarks start it. */
import { chromium, type Browser, type BrowserContext, type LaunchOptions } from "playwright";
import { findChromium } from "./install/chromium.mjs";

/**
 * A host name of this machine other than "localhost": over plain http the browser treats it like a LAN address (no
 * crypto.subtle, no OPFS, no Web Locks), as in a classroom.
 */
export const LAN_HOST = "lan.test";

const FLAGS = [
  `--host-resolver-rules=MAP ${LAN_HOST} 127.0.0.1`,
  "--disable-gpu",
  "--disable-background-networking",
  // Pages of one test share a window's focus; the one behind must not be throttled as if a person had left it.
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export function launchOptions(extraFlags: readonly string[] = []): LaunchOptions {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error("No Chromium or Chrome here. `npm test` installs one; or set CHROMIUM_PATH.");
  return { executablePath, args: [...FLAGS, ...(isRoot() ? ["--no-sandbox"] : []), ...extraFlags] };
}

export const launchChromium = (extraFlags?: readonly string[]): Promise<Browser> =>
  chromium.launch(launchOptions(extraFlags));

/** A browser with a profile on disk, as a person has: storage is fast there, and outlives the browser. */
export const launchPersistent = (profile: string, extraFlags?: readonly string[]): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, launchOptions(extraFlags));

/** Chromium's sandbox refuses to run as root. */
const isRoot = (): boolean => process.getuid?.() === 0;
