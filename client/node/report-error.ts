/** A substitute for the browsers' `reportError`, which shared modules call and Node lacks: it emits a warning. */
import process from "node:process";

export const reportError = (error: unknown): void =>
  process.emitWarning(error instanceof Error ? error : String(error));

Object.assign(globalThis, { reportError });
