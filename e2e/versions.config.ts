/** `OTHER_BUILD=… npm run test:versions`: a page of this version and one of another in one room. */
import { defineConfig } from "@playwright/test";
import type { Options } from "./lib/test.ts";
import base from "./playwright.config.ts";

if (!process.env["OTHER_BUILD"])
  throw new Error("OTHER_BUILD names the build of the other version: its client/dist.");

export default defineConfig<Options>(base, {
  testDir: "versions",
  projects: [
    { name: "busy", testIgnore: [] },
    ...["waiting", "alone"].map((name) => ({ name, testMatch: [] })),
  ],
});
