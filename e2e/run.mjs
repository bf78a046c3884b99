/**
 * `npm test`: everything that must hold, on a machine that has Node and nothing else. Needs `npm ci` before it.
 * Each step speaks for itself while it runs; the last line sums up: "N passed, N failed".
 * Passed and skipped are tests. Failed are tests too, and also every step that broke without a failing test to blame.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureChromium } from "./lib/install/chromium.mjs";
import { ensureFirefox } from "./lib/install/firefox.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = mkdtempSync(join(tmpdir(), "swapmeet-test-"));
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs an npm script; resolves with whether it ended well. */
async function npm(args, env = {}) {
  console.log(`\n> npm run ${args.join(" ")}`);
  const child = spawn("npm", ["run", "--silent", ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CI: "true", ...env },
    shell: process.platform === "win32",
  });
  return new Promise((resolve) => {
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** A step that holds no tests: it counts only when it breaks. */
async function step(...args) {
  const well = await npm(args);
  if (!well) broke(args[0], "failed");
  return well;
}

/** A step whose JSON report says how many tests passed, failed and were skipped. */
async function tests(name, args, env, countsOf) {
  const report = join(reports, `${name}.json`);
  const well = await npm(args(report), env(report));
  let counts;
  try {
    counts = countsOf(JSON.parse(readFileSync(report, "utf8")));
  } catch {
    return broke(name, "left no report: it did not run to its end");
  }
  for (const kind of Object.keys(totals)) totals[kind] += counts[kind];
  if (counts.passed + counts.failed === 0) broke(name, "ran no test");
  else if (!well && counts.failed === 0) broke(name, "failed outside of any test");
}

/** A test file that failed before its first test. */
function hasCrashed(file) {
  return file.status === "failed" && file.assertionResults.length === 0;
}

function broke(name, how) {
  totals.failed += 1;
  console.error(`\n!!! ${name} ${how}.`);
}

const chromium = ensureChromium();
if (!ensureFirefox())
  console.warn(
    "\n!!! No Firefox here, and none could be installed: the tests of Chromium with Firefox are skipped.\n",
  );

await step("check");

await tests(
  "vitest",
  (report) => ["test:unit", "--", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
  () => ({}),
  (report) => ({
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.testResults.filter(hasCrashed).length,
    skipped: report.numPendingTests + report.numTodoTests,
  }),
);

if (!chromium) {
  broke(
    "playwright",
    "has no browser, and none could be installed. Install Chromium or Chrome, or set CHROMIUM_PATH",
  );
} else if (await step("build")) {
  await tests(
    "playwright",
    () => ["test", "--workspace", "e2e", "--", "--forbid-only", "--reporter=list,json"],
    (report) => ({ CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: report }),
    ({ stats, errors }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky + errors.length,
      skipped: stats.skipped,
    }),
  );
}

rmSync(reports, { recursive: true, force: true });
const { passed, failed, skipped } = totals;
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;
