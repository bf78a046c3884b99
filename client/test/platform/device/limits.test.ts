import { expect, test } from "vitest";
import { NO_LIMITS } from "@swapmeet/engine/io/io";
import { readLimits, writeLimits } from "../../../src/platform/device/limits.ts";
import { writeSetting } from "../../../src/platform/device/settings.ts";

test("[S18] limits are remembered", () => {
  expect(readLimits()).toEqual(NO_LIMITS);
  const limits = { ...NO_LIMITS, uploadBytesPerSecond: 100_000 };
  writeLimits(limits);
  expect(readLimits()).toEqual(limits);
});

test("[S18] a limit that this version did not write, or that would stall every transfer, is none", () => {
  for (const kept of [
    "{",
    "3",
    '{"uploadBytesPerSecond":1}',
    JSON.stringify({ ...NO_LIMITS, uploadBytesPerSecond: 0 }),
  ]) {
    writeSetting("limits", kept);
    expect(readLimits()).toEqual(NO_LIMITS);
  }
});
