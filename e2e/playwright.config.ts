import { defineConfig } from "@playwright/test";
import { launchOptions } from "./lib/browser.ts";

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // Two or three browsers' worth of pages share two cores with the server: one test at a time, and none twice.
  workers: 1,
  retries: 0,
  timeout: 60_000,
  globalTimeout: 30 * 60_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    launchOptions: launchOptions(),
    trace: "retain-on-failure",
    actionTimeout: 10_000,
  },
});
