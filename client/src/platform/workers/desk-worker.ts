/**
 * A worker that is called through Comlink, which does not hear of a script that can't be loaded (the server is gone, or
 * a wall in between), nor of a worker that dies or hangs. Calls of such a worker fail here, and its owner starts
 * another: lasting-worker.ts.
 */
import * as Comlink from "comlink";
import { afterAwake } from "../web/awake-timer.ts";
import { NotLoaded, WorkerFailed } from "./worker-failures.ts";
import { breathe } from "./breath.ts";
import { startWorker } from "./trusted-worker.ts";

/** A worker that says nothing for so long is asked whether it is there; after as long again it counts as dead. Guess. */
const SILENT_MS = 30_000;

export class DeskWorker<Desk> {
  readonly desk: Comlink.Remote<Desk>;
  readonly #worker: Worker;
  readonly #remote: Comlink.Remote<Desk>;
  readonly #onFailure: (hadAnswered: boolean) => void;
  /** Calls that are under way, and how each is made to fail. */
  readonly #failByCall = new Map<Promise<unknown>, (because: WorkerFailed) => void>();
  #state: "starting" | "running" | "failed" = "starting";
  #stopWatching: (() => void) | null = null;
  #wasHeard = false;

  /** `onFailure` hears of it before the calls do. */
  constructor(url: string, onFailure: (hadAnswered: boolean) => void = () => {}) {
    this.#onFailure = onFailure;
    this.#worker = startWorker(url);
    this.#worker.addEventListener("message", () => this.#heard());
    // The error of a call comes as its answer. These events tell of other errors, after which no answer may come.
    for (const type of ["error", "messageerror"]) this.#worker.addEventListener(type, () => this.#fail());
    this.#remote = Comlink.wrap<Desk>(this.#worker);
    this.desk = this.follow(this.#remote);
  }

  /** The worker has ended by itself. */
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

  /** Ends the worker at once; calls under way are never answered. */
  terminate(): void {
    this.#worker.terminate();
    this.#failByCall.clear();
    this.#stopWatching?.();
  }

  /** Ends the worker after all calls under way are answered, and the calls that follow from their answers. */
  async close(): Promise<void> {
    while (this.#failByCall.size > 0) {
      await Promise.allSettled(this.#failByCall.keys());
      await breathe();
    }
    this.terminate();
  }

  #call(run: () => Promise<unknown>): Promise<unknown> {
    if (this.failed) return Promise.reject(new NotLoaded());
    let fail: (because: WorkerFailed) => void;
    const call = new Promise((resolve, reject) => {
      fail = reject;
      void run()
        .then(resolve, reject)
        .finally(() => {
          this.#wasHeard = true;
          this.#failByCall.delete(call);
        });
    });
    if (this.#failByCall.size === 0) this.#wasHeard = true;
    this.#failByCall.set(call, fail!);
    this.#watch();
    return call;
  }

  #heard(): void {
    this.#wasHeard = true;
    if (this.#state === "starting") this.#state = "running";
  }

  /** Watches a worker that owes an answer. Reading any property tests it: a busy worker answers, though it has none. */
  #watch(isAsked = false): void {
    if (this.#stopWatching) return;
    this.#stopWatching = afterAwake(SILENT_MS, () => {
      this.#stopWatching = null;
      if (this.#failByCall.size === 0) return;
      if (!this.#wasHeard && isAsked) return this.#fail();
      const isSilent = !this.#wasHeard;
      this.#wasHeard = false;
      if (isSilent) void Promise.resolve(Reflect.get(this.#remote, "isThere"));
      this.#watch(isSilent);
    });
  }

  #fail(): void {
    if (this.failed) return;
    const hadAnswered = this.#state === "running";
    const failure = hadAnswered
      ? new WorkerFailed("A part of Swapmeet has stopped working")
      : new NotLoaded();
    this.#state = "failed";
    const fails = [...this.#failByCall.values()];
    this.terminate();
    this.#onFailure(hadAnswered);
    for (const fail of fails) fail(failure);
  }
}
