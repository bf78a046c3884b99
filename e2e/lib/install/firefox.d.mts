/** The executable of a Firefox that starts, if there is one on this machine. */
export function findFirefox(): string | undefined;
/** Finds one, or installs it. */
export function ensureFirefox(): string | undefined;
