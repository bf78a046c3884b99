/** A transaction of IndexedDB. */
interface Transaction {
  readonly done: Promise<void>;
  abort(): void;
}

/**
 * Gives the result of `act` once the transaction is over. When either fails, no change is kept. A request may fail only
 * because its transaction did, and the transaction because a request did. The error thrown is the first cause;
 * otherwise a full disk would pass for an aborted transaction.
 */
export const committed = async <Value>(
  transaction: Transaction,
  act: () => Promise<Value>,
): Promise<Value> => {
  const acting = act().catch((error: unknown) => {
    abort(transaction);
    throw error;
  });
  const [acted, done] = await Promise.allSettled([acting, transaction.done]);
  if (acted.status === "fulfilled" && done.status === "fulfilled") return acted.value;
  const errors = [acted, done].flatMap((end): unknown[] => (end.status === "rejected" ? [end.reason] : []));
  throw errors.find((error) => !isAbort(error)) ?? errors[0];
};

const abort = (transaction: Transaction): void => {
  try {
    transaction.abort();
  } catch {
    // It is over already.
  }
};

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";
