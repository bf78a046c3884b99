/**
 * Checks signatures: a few at a time on the page, so that a link or a post does not wait for a worker to start, and all
 * that are more in a worker. A newcomer in a large room has thousands, of a millisecond each.
 */
import { Allowance } from "../engine/allowance.ts";
import { verify } from "./signature.ts";

/** On the page: at once, and each second. A room that has been synced has fewer. Guess. */
const HERE_AT_ONCE = 32;
const HERE_PER_SECOND = 20;

interface Check {
  readonly by: Uint8Array;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}
export type CheckOrder = { readonly job: number } & Check;
export interface CheckAnswer {
  readonly job: number;
  readonly valid: boolean;
}
type CheckWorker = Pick<Worker, "postMessage" | "terminate" | "onmessage" | "onerror">;

export class Verifier {
  readonly #start: () => CheckWorker;
  readonly #here = new Allowance(HERE_AT_ONCE, HERE_PER_SECOND);
  readonly #waitingByJob = new Map<number, Check & { then(valid: boolean): void }>();
  #worker: CheckWorker | "failed" | null = null;
  #nextJob = 1;

  constructor(start: () => CheckWorker) {
    this.#start = start;
  }

  /** `then` is called at once or later, and answers of the worker in order. */
  verify(check: Check, then: (valid: boolean) => void, now = performance.now()): void {
    const worker = this.#here.spend(1, now) ? null : this.#hire();
    if (!worker) return then(isValid(check));
    const job = this.#nextJob++;
    const { by, bytes, signature } = check;
    this.#waitingByJob.set(job, { by, bytes, signature, then });
    // A view is sent with all that is behind it: here, the whole frame.
    worker.postMessage({ job, by, bytes, signature: signature.slice() } satisfies CheckOrder);
  }

  /** Nothing is answered any more; twice is harmless. */
  close(): void {
    if (this.#worker && this.#worker !== "failed") this.#worker.terminate();
    this.#worker = "failed";
    this.#waitingByJob.clear();
  }

  #hire(): CheckWorker | null {
    if (this.#worker) return this.#worker === "failed" ? null : this.#worker;
    const worker = this.#start();
    worker.onmessage = ({ data: { job, valid } }: MessageEvent<CheckAnswer>) => {
      const waiting = this.#waitingByJob.get(job);
      this.#waitingByJob.delete(job);
      waiting?.then(valid);
    };
    // It could not be fetched: the server is gone.
    worker.onerror = () => {
      const waiting = [...this.#waitingByJob.values()];
      this.close();
      for (const check of waiting) check.then(isValid(check));
    };
    this.#worker = worker;
    return worker;
  }
}

const isValid = ({ by, bytes, signature }: Check): boolean => verify(by, bytes, signature);
