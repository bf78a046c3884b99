/** A page reads the files that it shares in a worker. */
import { LastingWorker } from "../workers/lasting-worker.ts";
import type { ReadDesk } from "./read-worker.ts";
import workerUrl from "./read-worker.ts?worker&url";

/** `begin` tells each new worker which files there are. It starts with the first read. */
export const pageReading = (
  begin: ConstructorParameters<typeof LastingWorker<ReadDesk>>[1],
): LastingWorker<ReadDesk> => new LastingWorker<ReadDesk>(workerUrl, begin);
