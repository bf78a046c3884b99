/** The executable of a Chromium that starts, if there is one on this machine. */
export function findChromium(): string | undefined;
/** Finds one, or installs it. */
export function ensureChromium(): string | undefined;
