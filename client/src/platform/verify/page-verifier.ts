/** The verifier of a page, with a worker for the signatures that are too many for the page itself. */
import { Verifier } from "../run/verifier.ts";
import { breathe } from "../workers/breath.ts";
import { LastingWorker } from "../workers/lasting-worker.ts";
import type { VerifyDesk } from "./verify-worker.ts";
import workerUrl from "./verify-worker.ts?worker&url";

export const pageVerifier = (): Verifier =>
  new Verifier({
    worker: new LastingWorker<VerifyDesk>(workerUrl),
    breathe,
    report: (error) => reportError(error),
  });
