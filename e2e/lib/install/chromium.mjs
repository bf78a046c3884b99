/**
 * Where a Chromium is on this machine, and how to get one. Plain JavaScript, because `npm test` starts here.
 * Any Chromium will do: Playwright's own, Chrome, Edge, a distribution's. CHROMIUM_PATH overrides.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright";
import { aptInstall, onPath, run, starts } from "./installing.mjs";

const NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
  "microsoft-edge-stable",
  "microsoft-edge",
];

/** @returns {string | undefined} the executable of a browser that starts */
export function findChromium() {
  return candidates().find(starts);
}

/** Finds one, or installs it: from Playwright, else from the distribution when we may. Says what it does. */
export function ensureChromium() {
  return findChromium() ?? installFromPlaywright() ?? installFromApt();
}

function candidates() {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) return [CHROMIUM_PATH];
  return [chromium.executablePath(), ...onPath(NAMES), ...wellKnown()];
}

function wellKnown() {
  if (process.platform === "darwin")
    return ["Google Chrome", "Chromium", "Microsoft Edge"].map(
      (app) => `/Applications/${app}.app/Contents/MacOS/${app}`,
    );
  if (process.platform === "win32")
    return ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"].flatMap((variable) => {
      const root = process.env[variable];
      if (!root) return [];
      return ["Google/Chrome", "Chromium", "Microsoft/Edge"].map((app) =>
        join(root, app, "Application", app.endsWith("Edge") ? "msedge.exe" : "chrome.exe"),
      );
    });
  return ["/opt/google/chrome/chrome"];
}

function installFromPlaywright() {
  run("npx", "playwright", "install", "chromium");
  if (!existsSync(chromium.executablePath())) return undefined;
  if (!starts(chromium.executablePath())) run("npx", "playwright", "install-deps", "chromium");
  return findChromium();
}

function installFromApt() {
  aptInstall("chromium");
  return findChromium();
}
