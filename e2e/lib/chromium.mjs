/**
 * Where a Chromium is on this machine, and how to get one. Plain JavaScript, because `npm test` starts here.
 * Any Chromium will do: Playwright's own, Chrome, Edge, a distribution's. CHROMIUM_PATH overrides.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright";

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
  const { CHROMIUM_PATH, PATH = "" } = process.env;
  if (CHROMIUM_PATH) return [CHROMIUM_PATH];
  return [
    chromium.executablePath(),
    ...PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...wellKnown(),
  ];
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

/** A file is not enough: a downloaded browser may lack libraries, a packaged one may be a stub for another store. */
function starts(/** @type {string} */ path) {
  if (!existsSync(path)) return false;
  if (process.platform === "win32") return true; // --version opens a window there
  return spawnSync(path, ["--version"], { stdio: "ignore", timeout: 20_000 }).status === 0;
}

function installFromPlaywright() {
  run("npx", "playwright", "install", "chromium");
  if (!existsSync(chromium.executablePath())) return undefined;
  if (!starts(chromium.executablePath())) run("npx", "playwright", "install-deps", "chromium");
  return findChromium();
}

function installFromApt() {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  run("apt-get", "update");
  run("apt-get", "install", "--yes", "--no-install-recommends", "chromium");
  return findChromium();
}

function run(/** @type {string} */ command, /** @type {string[]} */ ...args) {
  console.log(`> ${command} ${args.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const shell = process.platform === "win32"; // npx is a script there
  spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env, shell });
}
