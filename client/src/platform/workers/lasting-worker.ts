/**
 * A worker that is there when it is needed. It starts with the first job. When it fails (it can't be loaded, dies or
 * hangs), another takes its place: at once, and after each further failure in a row after a longer rest. Its unanswered
 * jobs are done again. PROTOCOL.md, K4.
 */
import type * as Comlink from "comlink";
import { DeskWorker } from "./desk-worker.ts";
import { NotLoaded, WorkerFailed } from "./worker-failures.ts";

/** After three workers failed at a job, the job itself is to blame. Guess. */
const TRIES = 3;
const FIRST_REST_MS = 500;
const LAST_REST_MS = 60_000;
/** A job does not wait for a longer rest to end: it fails. Guess. */
const PATIENCE_MS = 1_000;

export class LastingWorker<Desk> {
  readonly #url: string;
  readonly #begin: (desk: Comlink.Remote<Desk>) => void;
  #worker: DeskWorker<Desk> | null = null;
  /** Failures in a row; an answer sets the number to 0. */
  #failures = 0;
  #restsUntil = -Infinity;
  #isClosed = false;

  /** `begin` prepares each new worker. */
  constructor(url: string, begin: (desk: Comlink.Remote<Desk>) => void = () => {}) {
    this.#url = url;
    this.#begin = begin;
  }

  /** Null: none has been started, or it has failed. */
  get current(): DeskWorker<Desk> | null {
    return this.#worker?.failed === false ? this.#worker : null;
  }

  get isResting(): boolean {
    return this.current === null && performance.now() < this.#restsUntil;
  }

  /** Rejects with WorkerFailed when it was tried often enough, or there will be no worker for a while. */
  async do<Answer>(
    job: (desk: Comlink.Remote<Desk>, worker: DeskWorker<Desk>) => Promise<Answer>,
  ): Promise<Answer> {
    for (let tries = TRIES; ; tries--) {
      try {
        const worker = await this.#hired();
        return await job(worker.desk, worker);
      } catch (error) {
        if (!(error instanceof WorkerFailed) || tries === 1) throw error;
      }
    }
  }

  /** The worker that is there, or a new one. Rejects with NotLoaded when it rests for long, or is closed. */
  async #hired(): Promise<DeskWorker<Desk>> {
    const restMs = this.current ? 0 : this.#restsUntil - performance.now();
    if (this.#isClosed || restMs > PATIENCE_MS) throw new NotLoaded();
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    if (restMs > 0) return this.#hired(); // another job may have been faster
    return this.current ?? this.#start();
  }

  /** Ends the worker at once; jobs under way are never answered. A second call is harmless. */
  terminate(): void {
    this.#isClosed = true;
    this.#worker?.terminate();
  }

  /** Ends the worker when all jobs under way are answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.close();
  }

  #start(): DeskWorker<Desk> {
    const worker = new DeskWorker<Desk>(this.#url, (hadAnswered) => this.#failed(hadAnswered));
    this.#worker = worker;
    this.#begin(worker.desk);
    return worker;
  }

  #failed(hadAnswered: boolean): void {
    this.#failures = hadAnswered ? 1 : this.#failures + 1;
    const restMs = this.#failures === 1 ? 0 : FIRST_REST_MS * 2 ** (this.#failures - 2);
    this.#restsUntil = performance.now() + Math.min(restMs, LAST_REST_MS);
  }
}
