/** Hashes files off the page, several in one call: a message for each of 10,000 small files would be the slow part. */
import * as Comlink from "comlink";
import type { Result } from "@swapmeet/shared";
import { hashFile, type HashedFile, type HashProblem } from "./hash-file.ts";
import { leafHashes, type Bytes } from "./leaf-hashes.ts";

/** The page draws ten times a second. */
const PROGRESS_EVERY_MS = 100;

const jobs = new Map<number, AbortController>();

const desk = {
  /** One result per file, in order. `onBytes` hears how many more bytes are hashed. */
  async hash(
    job: number,
    files: readonly Blob[],
    onBytes: (bytes: number) => void,
  ): Promise<readonly Result<HashedFile, HashProblem>[]> {
    const cancelling = new AbortController();
    jobs.set(job, cancelling);
    let untold = 0;
    let toldAt = performance.now();
    const tell = (bytes: number) => {
      untold += bytes;
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      onBytes(untold);
      untold = 0;
      toldAt = performance.now();
    };
    const results: Result<HashedFile, HashProblem>[] = [];
    for (const file of files) results.push(await hashFile(file, tell, cancelling.signal));
    if (untold > 0) onBytes(untold);
    jobs.delete(job);
    return results;
  },
  cancel(job: number): void {
    jobs.get(job)?.abort();
  },
  leaves(bytes: Bytes): Promise<Bytes> {
    return leafHashes(bytes);
  },
};
export type HashDesk = typeof desk;

Comlink.expose(desk);
