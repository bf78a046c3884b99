/** Finding and installing programs that tests need. Plain JavaScript, because `npm test` starts here. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where programs of these names would be. */
export function onPath(/** @type {readonly string[]} */ names) {
  const { PATH = "" } = process.env;
  return PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
}

/** A file is not enough: a downloaded browser may lack libraries, a packaged one may be a stub for another store. */
export function starts(/** @type {string} */ path) {
  if (!existsSync(path)) return false;
  if (process.platform === "win32") return true; // --version opens a window there
  return spawnSync(path, ["--version"], { stdio: "ignore", timeout: 120_000 }).status === 0;
}

/** Does nothing where there is no apt, or we may not use it. */
export function aptInstall(/** @type {string} */ name) {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  run("apt-get", "update");
  run("apt-get", "install", "--yes", "--no-install-recommends", name);
}

export function run(/** @type {string} */ command, /** @type {string[]} */ ...args) {
  console.log(`> ${command} ${args.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const shell = process.platform === "win32"; // npx is a script there
  spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env, shell });
}
