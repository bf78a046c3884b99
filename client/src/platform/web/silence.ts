import { within } from "./time-limit.ts";

/** What `work` brings, or null when `progress` stood still for `limitMs`. The work goes on, and nobody hears of it. */
export const unlessStill = async <Value>(
  limitMs: number,
  work: Promise<Value>,
  progress: () => number,
): Promise<Value | null> => {
  const working = work.then((value) => ({ value }));
  let before: number;
  do {
    before = progress();
    const brought = await within(limitMs, working);
    if (brought) return brought.value;
  } while (progress() !== before);
  return null;
};
