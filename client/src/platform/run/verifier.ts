/**
 * Checks signatures: a few at a time in this thread, so that a link or a post does not wait for a worker to start, and
 * all others in a worker. A newcomer in a large room has thousands, of a millisecond each. While there is no worker,
 * this thread checks them all, and does other things between two checks.
 */
import { Allowance } from "@swapmeet/engine/base/allowance";
import { verify } from "./signature.ts";

/** The number of checks in this thread, at once and each second. A synced room has fewer. Guess. */
const HERE_AT_ONCE = 32;
const HERE_PER_SECOND = 20;

export interface Check {
  readonly by: Uint8Array;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** A worker that verifies; it may fail, and rests before it starts anew. */
export interface VerifyWorker {
  readonly isResting: boolean;
  /** Rejects when the worker fails. */
  do(
    job: (desk: { verify(...check: Parameters<typeof verify>): Promise<boolean> }) => Promise<boolean>,
  ): Promise<boolean>;
  terminate(): void;
}

export interface VerifierOptions {
  readonly worker: VerifyWorker;
  /** Resolves when this thread has done its other waiting work. */
  breathe(): Promise<void>;
  /** Is told of an exception that nobody has foreseen. */
  report(error: unknown): void;
}

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #here = new Allowance(HERE_AT_ONCE, HERE_PER_SECOND);
  /** Answers are given in the order of the calls, also when they come from different threads. */
  #last: Promise<unknown> = Promise.resolve();
  /** The last breath; one comes before each late check in this thread, one after the other. */
  #lastBreath: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** Calls `then` at once or later; later calls keep their order. */
  verify(check: Check, then: (valid: boolean) => void, now = performance.now()): void {
    if (this.#isClosed) return;
    if (this.#here.spend(1, now)) return then(isValid(check));
    const answer = this.#answer(check);
    this.#last = this.#last
      .then(async () => {
        const valid = await answer;
        if (!this.#isClosed) then(valid);
      })
      .catch((error: unknown) => this.#options.report(error)); // an error in one `then` does not stop the other answers
  }

  /** After this nothing is answered. A second call is harmless. */
  close(): void {
    this.#isClosed = true;
    this.#options.worker.terminate();
  }

  async #answer(check: Check): Promise<boolean> {
    const { worker, breathe } = this.#options;
    const { by, bytes } = check;
    // Posting a view would copy the whole buffer behind it: here, the whole frame.
    const signature = check.signature.slice();
    try {
      if (!worker.isResting) return await worker.do((desk) => desk.verify(by, bytes, signature));
    } catch {
      // There is no worker, so it is checked here.
    }
    await (this.#lastBreath = this.#lastBreath.then(breathe));
    return !this.#isClosed && isValid(check);
  }
}

const isValid = ({ by, bytes, signature }: Check): boolean => verify(by, bytes, signature);
