/**
 * Slow work under way: each job is an output, answered by a later input. A part hands over a function that takes the
 * answer, so it need not look up later what the answer is about. The function is called directly from the input, when
 * nothing else of the engine runs.
 */
import type { Time } from "./base/time.ts";
import type { JobEffect } from "./io/effect.ts";
import type { Input, Output } from "./io/io.ts";

type Answer = Extract<Input, { readonly job: number }>;

export class Jobs {
  readonly #effectByJob = new Map<number, JobEffect>();
  #next = 1;

  begin(effect: JobEffect): Output {
    const job = this.#next++;
    this.#effectByJob.set(job, effect);
    switch (effect.type) {
      case "sign":
        return { type: "sign", job, bytes: effect.bytes };
      case "verify": {
        const { by, bytes, signature } = effect;
        return { type: "verify", job, by, bytes, signature };
      }
      case "open-message": {
        const { from, id, box } = effect;
        return { type: "open-message", job, from, id, box };
      }
    }
  }

  /** An answer without a job, or a second answer to a job, has no effect. */
  answer(answer: Answer, now: Time): void {
    const effect = this.#effectByJob.get(answer.job);
    this.#effectByJob.delete(answer.job);
    if (answer.type === "signed" && effect?.type === "sign") effect.then(answer.signature, now);
    if (answer.type === "verified" && effect?.type === "verify") effect.then(answer.valid, now);
    if (answer.type === "message-opened" && effect?.type === "open-message") effect.then(answer.text, now);
  }
}
