/**
 * What a failed read of a person's file means. Chromium, tried: edited, cut, grown, replaced or only touched:
 * NotReadableError; deleted or moved: NotFoundError. A withdrawn permission is NotAllowedError or NotReadableError.
 */
import type { ReadProblem } from "../engine/io.ts";

/** Null: not a failure to read, so a bug. */
export const readProblemOf = (error: unknown): ReadProblem | null => {
  if (!(error instanceof DOMException)) return null;
  if (error.name === "NotReadableError") return "changed";
  return error.name === "NotFoundError" || error.name === "NotAllowedError" ? "vanished" : null;
};
