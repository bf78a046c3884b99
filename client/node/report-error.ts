/** The browsers' `reportError`, which Node lacks and the folders of files and stores call: a warning. */
import process from "node:process";

export const reportError = (error: unknown): void =>
  process.emitWarning(error instanceof Error ? error : String(error));

Object.assign(globalThis, { reportError });
