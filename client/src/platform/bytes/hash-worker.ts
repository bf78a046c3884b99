/** Hashes files off the page, several in one call: a message for each of 10,000 small files would be the slow part. */
import * as Comlink from "comlink";
import type { Result } from "@swapmeet/shared";
import {
  hashedFile,
  hashFile,
  hashPart,
  type HashedFile,
  type HashProblem,
  type PieceRange,
} from "./hash-file.ts";
import { leafHashes, type Bytes } from "./leaf-hashes.ts";

/** The page draws ten times a second. */
const PROGRESS_EVERY_MS = 100;

const jobs = new Map<number, AbortController>();

const desk = {
  /** One result per file, in order. `onBytes` hears how many more bytes are hashed. */
  hash(
    job: number,
    files: readonly Blob[],
    onBytes: (bytes: number) => void,
  ): Promise<readonly Result<HashedFile, HashProblem>[]> {
    return told(job, onBytes, async (tell, signal) => {
      const results: Result<HashedFile, HashProblem>[] = [];
      for (const file of files) results.push(await hashFile(file, tell, signal));
      return results;
    });
  },
  /** The hashes of some pieces, joined. */
  part(
    job: number,
    file: Blob,
    part: PieceRange,
    onBytes: (bytes: number) => void,
  ): Promise<Result<Bytes, HashProblem>> {
    return told(job, onBytes, (tell, signal) => hashPart(file, part, tell, signal));
  },
  /** Makes the file's root from the hashes of all its pieces. */
  file(layer: Uint8Array, length: number): HashedFile {
    return hashedFile(layer, length);
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

/** Runs a job that can be cancelled, and says at most ten times a second how far it is. */
const told = async <Answer>(
  job: number,
  onBytes: (bytes: number) => void,
  run: (tell: (bytes: number) => void, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> => {
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
  const answer = await run(tell, cancelling.signal);
  if (untold > 0) onBytes(untold);
  jobs.delete(job);
  return answer;
};
