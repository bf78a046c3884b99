import type { StoreDefect, StoreProblem } from "@swapmeet/engine/io/io";
import { NotLoaded, WorkerFailed } from "./worker-failures.ts";

/** Turns an error that was thrown while storing or saving into a problem. */
export const brokenBy = (error: unknown): StoreProblem => ({ kind: "broken", defect: defectIn(error) });

const defectIn = (error: unknown): StoreDefect => {
  if (error instanceof NotLoaded) return { type: "not-loaded" };
  if (error instanceof WorkerFailed) return { type: "stopped" };
  return { type: "error", text: String(error) };
};
