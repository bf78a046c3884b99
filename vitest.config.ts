import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,signaling,client}/test/**/*.test.ts"],
    environment: "node",
    // Two cores run everything; property tests and sockets are slower there than on the machine they were written on.
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
