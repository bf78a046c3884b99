/**
 * A timer that counts only time in which this page was awake: while a tab is frozen, or its device sleeps, nothing that
 * it waits for can come. PROTOCOL.md, K3.
 */

/** A timer has at least so many steps; a freeze costs at most one of them. */
const STEPS = 5;
const LONGEST_STEP_MS = 1_000;
/** Background tabs are late by up to a second. Guess. */
const LATE_MS = 1_500;

/** Calls `act` after so much time awake. @returns a function that prevents it */
export const afterAwake = (ms: number, act: () => void): (() => void) => {
  const stepMs = Math.min(LONGEST_STEP_MS, ms / STEPS);
  let leftMs = ms;
  let wasLate = false;
  let timer: ReturnType<typeof setTimeout>;
  const step = (): void => {
    const due = performance.now() + Math.min(stepMs, leftMs);
    timer = setTimeout(
      () => {
        const isLate = performance.now() - due >= LATE_MS;
        // A timer that is late twice in a row was not asleep: it is in a background tab, whose timers are slow.
        if (!isLate || wasLate) leftMs -= stepMs;
        wasLate = isLate;
        if (leftMs > 0) step();
        else act();
      },
      Math.min(stepMs, leftMs),
    );
  };
  step();
  return () => clearTimeout(timer);
};
