/**
 * A pool of workers that hash files. Every worker has one job at a time, further jobs wait their turn; a job is a part
 * of a big file or a batch of small ones.
 */
import * as Comlink from "comlink";
import { fail, ok, type Result } from "@swapmeet/shared";
import { NotLoaded, WorkerFailed } from "../workers/worker-failures.ts";
import workerUrl from "./hash-worker.ts?worker&url";
import { HASH_BYTES, MAX_FILE_BYTES, geometryOf } from "@swapmeet/engine/names/file-id";
import type { HashedFile, HashProblem, PieceRange } from "./hash-file.ts";
import type { HashDesk } from "./hash-worker.ts";
import { LastingWorker } from "../workers/lasting-worker.ts";
import type { Bytes } from "./leaf-hashes.ts";

/** More than four read faster than a disk delivers, and the page and its peers need cores too. Guess. */
const MAX_WORKERS = 4;

/** A larger file is hashed in such parts, by all workers at once and one after the other on the disk. Guess. */
const PART_BYTES = 64 * 1024 * 1024;

type Hashed = readonly Result<HashedFile, HashProblem>[];

export class Hasher {
  readonly #workers = new Set<LastingWorker<HashDesk>>();
  readonly #idle: LastingWorker<HashDesk>[] = [];
  readonly #waiting: ((worker: LastingWorker<HashDesk>) => void)[] = [];
  #jobs = 0;

  /** Workers start with the first jobs, so that a page that shares nothing has none. */
  readonly #maxWorkers: number;

  constructor(cores = navigator.hardwareConcurrency) {
    this.#maxWorkers = Math.min(cores || 1, MAX_WORKERS);
  }

  /** One result per file, in order. `onBytes` hears how many more bytes are hashed, ten times a second at most. */
  async hash(files: readonly Blob[], onBytes: (bytes: number) => void, signal: AbortSignal): Promise<Hashed> {
    const [file] = files;
    try {
      if (files.length === 1 && file && file.size > PART_BYTES && file.size <= MAX_FILE_BYTES)
        return [await this.#hashInParts(file, onBytes, signal)];
      const anew = countedAnew(onBytes);
      return await this.#withDesk(async (desk) => {
        if (signal.aborted) return files.map(() => fail("cancelled"));
        return this.#job(desk, signal, (job) => desk.hash(job, [...files], Comlink.proxy(anew())));
      });
    } catch (error) {
      if (error instanceof NotLoaded) return files.map(() => fail("not-loaded"));
      if (error instanceof WorkerFailed) return files.map(() => fail("vanished")); // they can't be read to their end
      throw error;
    }
  }

  async #hashInParts(
    file: Blob,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Result<HashedFile, HashProblem>> {
    const parts = partsOf(file.size);
    const layer = new Uint8Array(geometryOf(file.size).pieceCount * HASH_BYTES);
    let problem: HashProblem | null = null;
    const left = parts.values();
    const work = async (): Promise<void> => {
      for (const part of left) {
        const anew = countedAnew(onBytes);
        const hashes = await this.#withDesk(async (desk): Promise<Result<Bytes, HashProblem>> => {
          if (signal.aborted) return fail("cancelled");
          return this.#job(desk, signal, async (job) => desk.part(job, file, part, Comlink.proxy(anew())));
        });
        if (hashes.ok) layer.set(hashes.value, part.first * HASH_BYTES);
        else problem ??= hashes.problem;
        if (problem) return;
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#maxWorkers, parts.length) }, work));
    if (problem) return fail(problem);
    return ok(await this.#withDesk((desk) => desk.file(layer, file.size)));
  }

  async #job<Answer>(
    desk: Comlink.Remote<HashDesk>,
    signal: AbortSignal,
    run: (job: number) => Promise<Answer>,
  ): Promise<Answer> {
    const job = ++this.#jobs;
    const cancel = () => void desk.cancel(job).catch(() => {}); // without a worker nothing is to be cancelled
    signal.addEventListener("abort", cancel);
    try {
      return await run(job);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Hashes of the 16 KiB leaves of `bytes`, which are copied: those of a shared file are kept for later requests. */
  leaves(bytes: Bytes): Promise<Bytes> {
    return this.#withDesk((desk) => desk.leaves(bytes));
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #withDesk<Answer>(job: (desk: Comlink.Remote<HashDesk>) => Promise<Answer>): Promise<Answer> {
    const worker = this.#idle.pop() ?? this.#hire() ?? (await this.#turn());
    try {
      return await worker.do(job);
    } finally {
      this.#free(worker);
    }
  }

  #hire(): LastingWorker<HashDesk> | undefined {
    if (this.#workers.size === this.#maxWorkers) return undefined;
    const worker = new LastingWorker<HashDesk>(workerUrl);
    this.#workers.add(worker);
    return worker;
  }

  #free(worker: LastingWorker<HashDesk>): void {
    const next = this.#waiting.shift();
    if (next) next(worker);
    else this.#idle.push(worker);
  }

  #turn(): Promise<LastingWorker<HashDesk>> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Subtracts the bytes that a job has counted, when the job begins again. */
const countedAnew = (onBytes: (bytes: number) => void): (() => (bytes: number) => void) => {
  let counted = 0;
  return () => {
    if (counted > 0) onBytes(-counted);
    counted = 0;
    return (bytes) => {
      counted += bytes;
      onBytes(bytes);
    };
  };
};

const partsOf = (length: number): PieceRange[] => {
  const { pieceLength, pieceCount } = geometryOf(length);
  const step = Math.max(1, PART_BYTES / pieceLength);
  return Array.from({ length: Math.ceil(pieceCount / step) }, (_, i) => ({
    first: i * step,
    end: Math.min((i + 1) * step, pieceCount),
  }));
};
