/** A limit of time for work of others. */
import { setTimeout as wait } from "node:timers/promises";

/** What the work resolves to, or undefined when it fails or takes longer. The work itself goes on. */
export async function within<Value>(limitMs: number, work: Promise<Value>): Promise<Value | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, wait(limitMs, undefined, { signal: timer.signal })]);
  } catch {
    return undefined;
  } finally {
    timer.abort();
  }
}
