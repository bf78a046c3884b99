import { afterAwake } from "./awake-timer.ts";

/**
 * What `work` brings, or null when that takes longer than `limitMs` in which this page was awake. The work goes on, and
 * nobody hears of it.
 */
export const within = <Value>(limitMs: number, work: Promise<Value>): Promise<Value | null> => {
  let stop: () => void;
  const late = new Promise<null>((resolve) => {
    stop = afterAwake(limitMs, () => resolve(null));
  });
  return Promise.race([work, late]).finally(() => stop());
};
