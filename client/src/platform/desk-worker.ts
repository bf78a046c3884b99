/**
 * A worker that is called through Comlink, which does not hear of a script that can't be loaded: the server is gone,
 * or a wall in between. Calls of such a worker fail here, and its owner starts another for the next one.
 */
import * as Comlink from "comlink";
import { breathe } from "./breath.ts";
import { startWorker } from "./trusted-worker.ts";

export class NotLoaded extends Error {
  override readonly name = "NotLoaded";

  constructor() {
    super("A part of Swapmeet could not be loaded from its server");
  }
}

export class DeskWorker<Desk> {
  readonly desk: Comlink.Remote<Desk>;
  readonly #worker: Worker;
  /** Calls that are under way, and how each is made to fail. */
  readonly #failByCall = new Map<Promise<unknown>, (because: NotLoaded) => void>();
  #state: "starting" | "running" | "failed" = "starting";

  constructor(url: string) {
    this.#worker = startWorker(url);
    this.#worker.addEventListener("message", () => (this.#state = "running"), { once: true });
    // Once it has answered it is there, and an error is that of one call.
    this.#worker.addEventListener("error", () => this.#state === "starting" && this.#fail());
    this.desk = this.follow(Comlink.wrap<Desk>(this.#worker));
  }

  /** Its script could not be loaded, and it has ended. */
  get failed(): boolean {
    return this.#state === "failed";
  }

  /** A further desk in the same worker: its calls count like those of the first. */
  follow<Remote extends object>(desk: Remote): Remote {
    type Call = (...args: unknown[]) => Promise<unknown>;
    return new Proxy(desk, {
      get: (calls, name) =>
        name === "then" // it is no promise
          ? undefined
          : (...args: unknown[]) => this.#call(async () => (Reflect.get(calls, name) as Call)(...args)),
    });
  }

  /** At once: what is under way is never answered. */
  terminate(): void {
    this.#worker.terminate();
    this.#failByCall.clear();
  }

  /** When everything is answered that is under way, and that is asked because of an answer. */
  async close(): Promise<void> {
    while (this.#failByCall.size > 0) {
      await Promise.allSettled(this.#failByCall.keys());
      await breathe();
    }
    this.terminate();
  }

  #call(run: () => Promise<unknown>): Promise<unknown> {
    if (this.failed) return Promise.reject(new NotLoaded());
    let fail: (because: NotLoaded) => void;
    const call = new Promise((resolve, reject) => {
      fail = reject;
      void run()
        .then(resolve, reject)
        .finally(() => this.#failByCall.delete(call));
    });
    this.#failByCall.set(call, fail!);
    return call;
  }

  #fail(): void {
    this.#state = "failed";
    const fails = [...this.#failByCall.values()];
    this.terminate();
    for (const fail of fails) fail(new NotLoaded());
  }
}
