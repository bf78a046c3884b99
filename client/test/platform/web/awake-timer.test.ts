/** Deadlines of the page, and what a late timer means to them. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { afterAwake } from "../../../src/platform/web/awake-timer.ts";
import { within } from "../../../src/platform/web/time-limit.ts";

/** How long the page was frozen so far: its timers did not run, and the device's clock did. */
let frozenMs: number;

beforeEach(() => {
  vi.useFakeTimers();
  frozenMs = 0;
  const awakeNow = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => awakeNow() + frozenMs);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a timer", () => {
  test.each([150, 500, 15_000, 60_000])(
    "[K3] of %d ms rings after that, when the page is awake",
    async (ms) => {
      const rings: string[] = [];
      afterAwake(ms, () => rings.push("rings"));
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(rings).toEqual([]);
      await vi.advanceTimersByTimeAsync(2);
      expect(rings).toEqual(["rings"]);
    },
  );

  test.each([60_000, 300_000])(
    "[K3] does not count the %d ms of a freeze, whenever it came",
    async (freeze) => {
      for (const ms of [150, 500, 15_000, 60_000])
        for (const awakeBefore of [0, 0.3, 0.5, 0.99]) {
          const rings: string[] = [];
          afterAwake(ms, () => rings.push("rings"));
          await vi.advanceTimersByTimeAsync(ms * awakeBefore);
          frozenMs += freeze;
          const leftMs = ms * (1 - awakeBefore);
          await vi.advanceTimersByTimeAsync(leftMs - 1);
          expect(rings).toEqual([]);
          await vi.advanceTimersByTimeAsync(Math.min(ms / 5, 1_000) + 2);
          expect(rings).toEqual(["rings"]);
        }
    },
  );

  test("[K3] rings in a background tab whose timers are all late", async () => {
    const rings: string[] = [];
    afterAwake(5_000, () => rings.push("rings"));
    for (let step = 0; step < 6; step++) {
      expect(rings).toEqual([]);
      frozenMs += 59_000;
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(rings).toEqual(["rings"]);
  });

  test("that was stopped does not ring", async () => {
    const stop = afterAwake(1_000, () => expect.unreachable());
    await vi.advanceTimersByTimeAsync(500);
    stop();
    stop();
    await vi.advanceTimersByTimeAsync(10_000);
  });
});

test("[K3] an answer that comes right after a freeze is no silence", async () => {
  let answer: (value: string) => void;
  const work = within(15_000, new Promise<string>((resolve) => (answer = resolve)));
  await vi.advanceTimersByTimeAsync(14_500);
  frozenMs += 300_000;
  await vi.advanceTimersByTimeAsync(500); // its timer comes first
  answer!("late");
  expect(await work).toBe("late");
});
