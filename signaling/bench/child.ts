/** Questions and answers between the measure and its processes. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export type Verbs = Readonly<Record<string, (argument: never) => unknown>>;

/** Answers the parent's questions by these verbs, until the parent ends. */
export function serveParent(verbs: Verbs): void {
  process.on("disconnect", () => process.exit());
  const answer = async ({ id, verb, argument }: Question): Promise<Answer> => {
    try {
      return { id, value: await verbs[verb]!(argument as never) };
    } catch (error) {
      return { id, error: String(error) };
    }
  };
  process.on("message", (question: Question) => {
    void answer(question).then((answered) => process.send!(answered));
  });
}

type Question = { id: number; verb: string; argument: unknown };
type Answer = { id: number; value: unknown } | { id: number; error: string };

/** Another process, which runs a file of this folder. */
export class Child<Asked extends Verbs> {
  readonly #process: ChildProcess;
  readonly #waitingById = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor(file: string, nodeArgs: readonly string[] = []) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), {
      execArgv: ["--import", "tsx", ...nodeArgs],
      serialization: "advanced",
    });
    this.#process.on("message", (answer: Answer) => {
      this.#waitingById.get(answer.id)?.(answer);
      this.#waitingById.delete(answer.id);
    });
    this.#process.once("exit", () => {
      for (const [id, settle] of this.#waitingById) settle({ id, error: `${file} ended` });
    });
  }

  async ask<Verb extends keyof Asked & string>(
    verb: Verb,
    argument?: Parameters<Asked[Verb]>[0],
  ): Promise<Awaited<ReturnType<Asked[Verb]>>> {
    const id = this.#lastId++;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waitingById.set(id, resolve);
      this.#process.send({ id, verb, argument });
    });
    if ("error" in answer) throw new Error(`${verb}: ${answer.error}`);
    return answer.value as Awaited<ReturnType<Asked[Verb]>>;
  }

  end(): void {
    this.#process.kill("SIGKILL");
  }
}
