import type { StoreDefect, StoreProblem } from "@swapmeet/engine/io/io";
import { NotLoaded, WorkerFailed } from "./worker-failures.ts";

/** What was thrown while something was stored or saved, as the problem that it is. */
export const brokenBy = (error: unknown): StoreProblem => ({ kind: "broken", defect: defectIn(error) });

const defectIn = (error: unknown): StoreDefect => {
  if (error instanceof NotLoaded) return { type: "not-loaded" };
  if (error instanceof WorkerFailed) return { type: "stopped" };
  return { type: "error", text: String(error) };
};
