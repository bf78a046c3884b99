/**
 * Slow work under way: each is an output, answered by a later input. A job keeps what its part does with the answer as a
 * function: the part has at hand what the answer is about, and need not find it again in a table of its own. It is called
 * from the input alone, when nothing else of the engine runs.
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

  /** An answer to nothing that was asked, or that was given before, has no effect. */
  answer(answer: Answer, now: Time): void {
    const effect = this.#effectByJob.get(answer.job);
    this.#effectByJob.delete(answer.job);
    if (answer.type === "signed" && effect?.type === "sign") effect.then(answer.signature, now);
    if (answer.type === "verified" && effect?.type === "verify") effect.then(answer.valid, now);
    if (answer.type === "message-opened" && effect?.type === "open-message") effect.then(answer.text, now);
  }
}
