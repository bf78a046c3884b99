/**
 * A pool of workers that hash files. Every worker has one job at a time, further jobs wait their turn; a job is one
 * big file or a batch of small ones.
 */
import * as Comlink from "comlink";
import { fail, type Result } from "@swapmeet/shared";
import workerUrl from "./hash-worker.ts?worker&url";
import { startWorker } from "./trusted-worker.ts";
import type { HashedFile, HashProblem } from "./hash-file.ts";
import type { HashDesk } from "./hash-worker.ts";
import type { Bytes } from "./leaf-hashes.ts";

/** More than four read faster than a disk delivers, and the page and its peers need cores too. Guess. */
const MAX_WORKERS = 4;

type Hashed = readonly Result<HashedFile, HashProblem>[];

export class Hasher {
  readonly #workers: Worker[] = [];
  readonly #idle: Comlink.Remote<HashDesk>[] = [];
  readonly #waiting: ((desk: Comlink.Remote<HashDesk>) => void)[] = [];
  #jobs = 0;

  /** Workers start with the first jobs, so that a page that shares nothing has none. */
  readonly #maxWorkers: number;

  constructor(cores = navigator.hardwareConcurrency) {
    this.#maxWorkers = Math.min(cores || 1, MAX_WORKERS);
  }

  /** One result per file, in order. `onBytes` hears how many more bytes are hashed, ten times a second at most. */
  async hash(files: readonly Blob[], onBytes: (bytes: number) => void, signal: AbortSignal): Promise<Hashed> {
    return this.#withDesk(async (desk) => {
      if (signal.aborted) return files.map(() => fail("cancelled"));
      const job = ++this.#jobs;
      const cancel = () => void desk.cancel(job);
      signal.addEventListener("abort", cancel);
      const results = await desk.hash(job, [...files], Comlink.proxy(onBytes));
      signal.removeEventListener("abort", cancel);
      return results;
    });
  }

  /** Hashes of the 16 KiB leaves of `bytes`, which are copied: a shared file's are kept for who asks next. */
  leaves(bytes: Bytes): Promise<Bytes> {
    return this.#withDesk((desk) => desk.leaves(bytes));
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #withDesk<Answer>(job: (desk: Comlink.Remote<HashDesk>) => Promise<Answer>): Promise<Answer> {
    const desk = this.#idle.pop() ?? this.#hire() ?? (await this.#turn());
    try {
      return await job(desk);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(desk);
      else this.#idle.push(desk);
    }
  }

  #hire(): Comlink.Remote<HashDesk> | undefined {
    if (this.#workers.length === this.#maxWorkers) return undefined;
    const worker = startWorker(workerUrl);
    this.#workers.push(worker);
    return Comlink.wrap<HashDesk>(worker);
  }

  #turn(): Promise<Comlink.Remote<HashDesk>> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
