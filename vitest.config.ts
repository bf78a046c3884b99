import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,signaling,client,client/engine}/test/**/*.test.ts"],
    environment: "node",
    // The default leaves one core idle.
    maxWorkers: "100%",
    globalSetup: "client/words.setup.ts",
    // Limits of time guard against hangs alone: two cores run everything, and may have more to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
