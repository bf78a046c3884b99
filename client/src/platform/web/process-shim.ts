/**
 * The `process` that simple-peer's stream library expects of Node. Its bundle ships one whose `nextTick` is a
 * `setTimeout`, so that `drain` comes 4 ms late and writing has a ceiling; here it is what it is in Node: a microtask.
 * The build puts this in place of the free name `process` (see vite.config.ts).
 */
export const process = {
  nextTick: <Arguments extends unknown[]>(callback: (...args: Arguments) => void, ...args: Arguments): void =>
    queueMicrotask(() => callback(...args)),
  env: {},
  browser: true,
  stdout: null,
  stderr: null,
} as const;
