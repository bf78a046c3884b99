import { afterAwake } from "./awake-timer.ts";

/**
 * Gives the result of `work`, or null when that takes longer than `limitMs` in which this page was awake. Then the work
 * goes on, and its result is ignored.
 */
export const within = <Value>(limitMs: number, work: Promise<Value>): Promise<Value | null> => {
  let stop: () => void;
  const late = new Promise<null>((resolve) => {
    stop = afterAwake(limitMs, () => resolve(null));
  });
  return Promise.race([work, late]).finally(() => stop());
};
