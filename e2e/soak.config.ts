/** `npm run soak`: the tests whose figures mean more when they are large. */
import { defineConfig } from "@playwright/test";
import type { Options } from "./lib/test.ts";
import base from "./playwright.config.ts";

export default defineConfig<Options>(base, {
  projects: [
    { name: "busy", testMatch: "serverless-room.spec.ts" },
    { name: "waiting", testMatch: ["frozen.spec.ts", "one-writer.spec.ts"] },
    { name: "alone", testIgnore: "**" },
  ],
  use: { soak: true },
});
