import { within } from "./time-limit.ts";

/** Gives the result of `work`, or null when `progress` stood still for `limitMs`; then the work goes on unheard. */
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
