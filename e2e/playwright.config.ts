import { defineConfig } from "@playwright/test";
import { launchOptions } from "./lib/browser.ts";
import { pace } from "./lib/pace.ts";

/** Those that mostly wait: for a limit, for a silence, for somebody's tricks. They take turns, beside the others. */
const WAITING =
  /(board|clocks|device-files|errors|frozen|hostile-peer|hostile-server|limits|no-candidates|one-writer|rooms|serverless-room|to-one-person)\.spec\.ts$/;
/**
 * What is measured in milliseconds has the machine to itself, at the end; and what makes networks: when an address comes
 * or goes, every Chromium on the machine drops what it is loading (ERR_NETWORK_CHANGED).
 */
const ALONE = /(behind-a-proxy|partition|relay|responsiveness)\.spec\.ts$/;

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
    trace: "retain-on-failure",
    actionTimeout: pace.hangMs(30_000),
  },
});
