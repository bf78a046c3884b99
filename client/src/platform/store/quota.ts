/**
 * How much this browser lets the page store. On plain http nothing tells, and some browsers refuse, or never answer:
 * then everything here is null or does nothing.
 */
import { within } from "../web/time-limit.ts";

/** Answers come in milliseconds. A download waits for this one. Guess. */
const TOLD_WITHIN_MS = 5_000;

export interface Quota {
  readonly usedBytes: number;
  readonly availableBytes: number;
}

export const readQuota = async (): Promise<Quota | null> => {
  const { quota, usage } = (await told(() => storageManager()?.estimate?.())) ?? {};
  if (quota === undefined || usage === undefined) return null;
  return { usedBytes: usage, availableBytes: Math.max(0, quota - usage) };
};

/** How much more the browser would have to grant for `bytes`: 0 when they fit, null where it does not tell. */
export const bytesMissing = async (bytes: number): Promise<number | null> => {
  const quota = await readQuota();
  return quota && Math.max(0, bytes - quota.availableBytes);
};

/** Whether the browser has promised not to clear this storage when the disk gets short; null where it can't promise. */
export const isPersistent = (): Promise<boolean | null> => told(() => storageManager()?.persisted?.());

/** The browser refuses to store more; everything stored is still there. */
export const isFull = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "QuotaExceededError";

/** Asks for that promise. Some browsers ask the person: call it from a gesture. */
export const askToPersist = async (): Promise<void> => {
  if (!(await isPersistent())) await told(() => storageManager()?.persist?.());
};

const storageManager = (): Partial<StorageManager> | undefined => globalThis.navigator?.storage;

/** Null where the browser has no answer. */
const told = async <Value>(ask: () => Promise<Value> | undefined): Promise<Value | null> => {
  try {
    return await within(TOLD_WITHIN_MS, Promise.resolve(ask() ?? null));
  } catch {
    return null;
  }
};
