/**
 * Checks signatures: a few at a time on the page, so that a link or a post does not wait for a worker to start, and all
 * that are more in a worker. A newcomer in a large room has thousands, of a millisecond each. While there is no worker
 * they are all checked on the page, which breathes after each.
 */
import { Allowance } from "@swapmeet/engine/base/allowance";
import { breathe } from "../workers/breath.ts";
import { LastingWorker } from "../workers/lasting-worker.ts";
import { verify } from "./signature.ts";
import type { VerifyDesk } from "./verify-worker.ts";
import workerUrl from "./verify-worker.ts?worker&url";

/** On the page: at once, and each second. A room that has been synced has fewer. Guess. */
const HERE_AT_ONCE = 32;
const HERE_PER_SECOND = 20;

export interface Check {
  readonly by: Uint8Array;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

export class Verifier {
  readonly #worker = new LastingWorker<VerifyDesk>(workerUrl);
  readonly #here = new Allowance(HERE_AT_ONCE, HERE_PER_SECOND);
  /** The answers are given in the order of the questions, whoever finds them. */
  #last: Promise<unknown> = Promise.resolve();
  /** Before each check on the page, one after the other. */
  #lastBreath: Promise<unknown> = Promise.resolve();
  #isClosed = false;

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
      .catch((error: unknown) => reportError(error)); // a bug in what is done with one answer does not keep the others
  }

  /** Nothing is answered any more; twice is harmless. */
  close(): void {
    this.#isClosed = true;
    this.#worker.terminate();
  }

  async #answer(check: Check): Promise<boolean> {
    const { by, bytes } = check;
    // A view is sent with all that is behind it: here, the whole frame.
    const signature = check.signature.slice();
    try {
      if (!this.#worker.isResting) return await this.#worker.do((desk) => desk.verify(by, bytes, signature));
    } catch {
      // For want of a worker it is checked here.
    }
    await (this.#lastBreath = this.#lastBreath.then(breathe));
    return !this.#isClosed && isValid(check);
  }
}

const isValid = ({ by, bytes, signature }: Check): boolean => verify(by, bytes, signature);
