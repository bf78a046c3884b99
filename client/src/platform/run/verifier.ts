/**
 * Checks signatures: a few at a time in this thread, so that a link or a post does not wait for a worker to start, and
 * all that are more in a worker. A newcomer in a large room has thousands, of a millisecond each. While there is no
 * worker they are all checked in this thread, which does other things between two of them.
 */
import { Allowance } from "@swapmeet/engine/base/allowance";
import { verify } from "./signature.ts";

/** In this thread: at once, and each second. A room that has been synced has fewer. Guess. */
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
  /** Resolves when this thread has done what else was waiting. */
  breathe(): Promise<void>;
  /** Is told of an exception that nobody has foreseen. */
  report(error: unknown): void;
}

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #here = new Allowance(HERE_AT_ONCE, HERE_PER_SECOND);
  /** The answers are given in the order of the questions, wherever they are found. */
  #last: Promise<unknown> = Promise.resolve();
  /** Before each check in this thread, one after the other. */
  #lastBreath: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** `then` is called at once or later, and later ones in order. */
  verify(check: Check, then: (valid: boolean) => void, now = performance.now()): void {
    if (this.#isClosed) return;
    if (this.#here.spend(1, now)) return then(isValid(check));
    const answer = this.#answer(check);
    this.#last = this.#last
      .then(async () => {
        const valid = await answer;
        if (!this.#isClosed) then(valid);
      })
      .catch((error: unknown) => this.#options.report(error)); // a bug in what is done with one answer does not keep the others
  }

  /** Nothing is answered any more; twice is harmless. */
  close(): void {
    this.#isClosed = true;
    this.#options.worker.terminate();
  }

  async #answer(check: Check): Promise<boolean> {
    const { worker, breathe } = this.#options;
    const { by, bytes } = check;
    // A view is sent with all that is behind it: here, the whole frame.
    const signature = check.signature.slice();
    try {
      if (!worker.isResting) return await worker.do((desk) => desk.verify(by, bytes, signature));
    } catch {
      // For want of a worker it is checked here.
    }
    await (this.#lastBreath = this.#lastBreath.then(breathe));
    return !this.#isClosed && isValid(check);
  }
}

const isValid = ({ by, bytes, signature }: Check): boolean => verify(by, bytes, signature);
