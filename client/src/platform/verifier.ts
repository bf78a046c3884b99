/**
 * Checks signatures: a few at a time on the page, so that a link or a post does not wait for a worker to start, and all
 * that are more in a worker. A newcomer in a large room has thousands, of a millisecond each. While there is no worker
 * they are all checked on the page, which breathes after each.
 */
import { Allowance } from "../engine/allowance.ts";
import { breathe } from "./breath.ts";
import { LastingWorker } from "./lasting-worker.ts";
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
interface Waiting extends Check {
  then(valid: boolean): void;
}

export class Verifier {
  readonly #worker = new LastingWorker<VerifyDesk>(workerUrl);
  readonly #here = new Allowance(HERE_AT_ONCE, HERE_PER_SECOND);
  /** To be checked on the page, for want of a worker. */
  readonly #left: Waiting[] = [];
  #isClosed = false;

  /** `then` is called at once or later; answers of the worker in order. */
  verify(check: Check, then: (valid: boolean) => void, now = performance.now()): void {
    if (this.#isClosed) return;
    if (this.#here.spend(1, now)) return then(isValid(check));
    if (this.#worker.isResting || this.#left.length > 0) return this.#leave({ ...check, then });
    const { by, bytes, signature } = check;
    // A view is sent with all that is behind it: here, the whole frame.
    const sent = signature.slice();
    void this.#worker
      .do((desk) => desk.verify(by, bytes, sent))
      .then(
        (valid) => this.#isClosed || then(valid),
        () => this.#leave({ ...check, then }),
      );
  }

  /** Nothing is answered any more; twice is harmless. */
  close(): void {
    this.#isClosed = true;
    this.#worker.terminate();
    this.#left.length = 0;
  }

  #leave(waiting: Waiting): void {
    if (this.#isClosed) return;
    if (this.#left.push(waiting) === 1) void this.#checkLeft();
  }

  async #checkLeft(): Promise<void> {
    while (this.#left[0]) {
      await breathe();
      const next = this.#left[0];
      if (!next) return; // closed meanwhile
      next.then(isValid(next));
      this.#left.shift();
    }
  }
}

const isValid = ({ by, bytes, signature }: Check): boolean => verify(by, bytes, signature);
