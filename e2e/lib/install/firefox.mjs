/** Where a Firefox is on this machine, and how to get one. FIREFOX_PATH overrides. */
import { aptInstall, onPath, starts } from "./installing.mjs";

/** @returns {string | undefined} the executable of a Firefox that starts */
export function findFirefox() {
  const { FIREFOX_PATH } = process.env;
  if (FIREFOX_PATH) return FIREFOX_PATH;
  return [...onPath(["firefox-esr", "firefox"]), "/Applications/Firefox.app/Contents/MacOS/firefox"].find(
    starts,
  );
}

/** Finds one, or installs the distribution's when we may. */
export function ensureFirefox() {
  const found = findFirefox();
  if (found) return found;
  aptInstall("firefox-esr");
  return findFirefox();
}
