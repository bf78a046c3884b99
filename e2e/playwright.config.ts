import { defineConfig } from "@playwright/test";
import { launchOptions } from "./lib/browser.ts";
import { pace } from "./lib/pace.ts";

/** Specs that mostly wait: for a limit, a silence, or a liar's attempts. They run one by one, beside the others. */
const WAITING =
  /(board|clocks|device-files|errors|frozen|hostile-peer|hostile-server|limits|no-candidates|one-writer|rooms|serverless-room|to-one-person)\.spec\.ts$/;
/** Specs that measure milliseconds run alone, at the end. */
const ALONE = /responsiveness\.spec\.ts$/;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // Two or three browsers' worth of pages share two cores with the server: one busy test at a time, and none twice.
  workers: pace.lanes,
  projects: [
    { name: "busy", testIgnore: [WAITING, ALONE], workers: 1 },
    { name: "waiting", testMatch: WAITING, workers: 1 },
    { name: "alone", testMatch: ALONE, workers: 1, dependencies: ["busy", "waiting"] },
  ],
  retries: 0,
  // Limits of time guard against hangs alone.
  timeout: pace.hangMs(300_000),
  globalTimeout: pace.hangMs(45 * 60_000),
  expect: { timeout: pace.hangMs(30_000) },
  reporter: "list",
  use: {
    launchOptions: launchOptions(),
    // Recording every test takes a tenth of the run. `--trace retain-on-failure` records while one looks for a cause.
    trace: "off",
    actionTimeout: pace.hangMs(30_000),
  },
});
