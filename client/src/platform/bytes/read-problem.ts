/**
 * Finds out why a person's file cannot be read. As tried in Chromium: a file that was edited, cut, grown, replaced or
 * only touched gives NotReadableError; one that was deleted or moved gives NotFoundError. A withdrawn permission gives
 * NotAllowedError or NotReadableError.
 */
import type { ReadProblem } from "@swapmeet/engine/io/io";

/** Tries the first byte. Null: the file is as it was. */
export const readProblemIn = async (source: Blob): Promise<ReadProblem | null> => {
  try {
    await source.slice(0, 1).arrayBuffer();
    return null;
  } catch (error) {
    const problem = readProblemOf(error);
    if (problem === null) throw error;
    return problem;
  }
};

/** Null: not a failure to read, so a bug. */
export const readProblemOf = (error: unknown): ReadProblem | null => {
  if (!(error instanceof DOMException)) return null;
  if (error.name === "NotReadableError") return "changed";
  return error.name === "NotFoundError" || error.name === "NotAllowedError" ? "vanished" : null;
};
