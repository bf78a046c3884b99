/**
 * A pool of workers that hash files. Every worker has one job at a time, further jobs wait their turn; a job is a part
 * of a big file or a batch of small ones.
 */
import * as Comlink from "comlink";
import { fail, ok, type Result } from "@swapmeet/shared";
import { DeskWorker, NotLoaded } from "./desk-worker.ts";
import workerUrl from "./hash-worker.ts?worker&url";
import { HASH_BYTES, MAX_FILE_BYTES, geometryOf } from "../engine/file-id.ts";
import type { HashedFile, HashProblem, Part } from "./hash-file.ts";
import type { HashDesk } from "./hash-worker.ts";
import type { Bytes } from "./leaf-hashes.ts";

/** More than four read faster than a disk delivers, and the page and its peers need cores too. Guess. */
const MAX_WORKERS = 4;

/** A larger file is hashed in such parts, by all workers at once and one after the other on the disk. Guess. */
const PART_BYTES = 64 * 1024 * 1024;

type Hashed = readonly Result<HashedFile, HashProblem>[];

export class Hasher {
  readonly #workers = new Set<DeskWorker<HashDesk>>();
  readonly #idle: DeskWorker<HashDesk>[] = [];
  readonly #waiting: ((worker: DeskWorker<HashDesk>) => void)[] = [];
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
      return await this.#withDesk(async (desk) => {
        if (signal.aborted) return files.map(() => fail("cancelled"));
        return this.#job(desk, signal, (job) => desk.hash(job, [...files], Comlink.proxy(onBytes)));
      });
    } catch (error) {
      if (error instanceof NotLoaded) return files.map(() => fail("not-loaded"));
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
        const hashes = await this.#withDesk(async (desk): Promise<Result<Bytes, HashProblem>> => {
          if (signal.aborted) return fail("cancelled");
          return this.#job(desk, signal, async (job) => desk.part(job, file, part, Comlink.proxy(onBytes)));
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

  /** Hashes of the 16 KiB leaves of `bytes`, which are copied: a shared file's are kept for who asks next. */
  leaves(bytes: Bytes): Promise<Bytes> {
    return this.#withDesk((desk) => desk.leaves(bytes));
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #withDesk<Answer>(job: (desk: Comlink.Remote<HashDesk>) => Promise<Answer>): Promise<Answer> {
    const worker = this.#idle.pop() ?? this.#hire() ?? (await this.#turn());
    try {
      return await job(worker.desk);
    } finally {
      this.#free(worker);
    }
  }

  #hire(): DeskWorker<HashDesk> | undefined {
    if (this.#workers.size === this.#maxWorkers) return undefined;
    const worker = new DeskWorker<HashDesk>(workerUrl);
    this.#workers.add(worker);
    return worker;
  }

  /** One that could not be loaded makes room for another: the server may be back. */
  #free(worker: DeskWorker<HashDesk>): void {
    if (worker.failed) this.#workers.delete(worker);
    const free = worker.failed ? undefined : worker;
    const next = this.#waiting.shift();
    if (next) next(free ?? this.#hire()!);
    else if (free) this.#idle.push(free);
  }

  #turn(): Promise<DeskWorker<HashDesk>> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const partsOf = (length: number): Part[] => {
  const { pieceLength, pieceCount } = geometryOf(length);
  const step = Math.max(1, PART_BYTES / pieceLength);
  return Array.from({ length: Math.ceil(pieceCount / step) }, (_, i) => ({
    first: i * step,
    end: Math.min((i + 1) * step, pieceCount),
  }));
};
