/** Bounds that both ends of a transfer keep to. */

/** Requests without an answer, the cancelled ones included, that one peer may have open with another. [S13] */
export const MAX_REQUESTS_PER_PEER = 128;
/** A person is told that a transfer waits when owed bytes have not come for so many milliseconds. Guess. [S4a] */
export const SILENT_MS = 3000;
