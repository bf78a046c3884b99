/**
 * The bytes of the files that this device shares, from where they lie on its disk. Reads are big and answers small:
 * a slice is read once for all the blocks in it, and the next one while they are sent.
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { concatBytes } from "../engine/bytes.ts";
import type { FileId } from "../engine/file-id.ts";
import type { ReadProblem } from "../engine/io.ts";
import type { Bytes } from "./leaf-hashes.ts";
import { readProblemOf } from "./read-problem.ts";

/** Measured: slices of 64 KiB read at 55 MB/s, of 1 MiB at 190. */
const SLICE_BYTES = 1024 * 1024;
/** Slices in memory: the one being sent and the next, for eight readers at different places. Guess. */
const SLICES_KEPT = 16;

export class SharedFiles {
  readonly #sources = new Map<FileId, File>();
  /** By file and number, the least recently used first. */
  readonly #slices = new Map<string, Promise<Bytes>>();

  add(file: FileId, source: File): void {
    this.#sources.set(file, source);
  }

  remove(file: FileId): void {
    this.#sources.delete(file);
    for (const key of this.#slices.keys()) if (key.startsWith(file)) this.#slices.delete(key);
  }

  has(file: FileId): boolean {
    return this.#sources.has(file);
  }

  /** The answer may share its memory with others: it is only to be read. */
  async read(file: FileId, begin: number, length: number): Promise<Result<Bytes, ReadProblem>> {
    const source = this.#sources.get(file);
    if (!source) return fail("vanished");
    const parts: Bytes[] = [];
    try {
      for (let at = begin; at < begin + length;) {
        const slice = Math.floor(at / SLICE_BYTES);
        const bytes = await this.#slice(file, source, slice);
        const from = at - slice * SLICE_BYTES;
        const part = bytes.subarray(from, from + begin + length - at);
        if (part.length === 0) return fail("changed");
        parts.push(part);
        at += part.length;
      }
    } catch (error) {
      const problem = readProblemOf(error);
      if (problem === null) throw error;
      return fail(problem);
    }
    return ok(parts.length === 1 ? parts[0]! : (concatBytes(...parts) as Bytes));
  }

  #slice(file: FileId, source: File, slice: number): Promise<Bytes> {
    const wanted = this.#cached(file, source, slice);
    if ((slice + 1) * SLICE_BYTES < source.size) void this.#cached(file, source, slice + 1);
    return wanted;
  }

  #cached(file: FileId, source: File, slice: number): Promise<Bytes> {
    const key = `${file}/${slice}`;
    const bytes = this.#slices.get(key) ?? this.#start(key, source, slice);
    this.#slices.delete(key);
    this.#slices.set(key, bytes);
    for (const oldest of this.#slices.keys()) {
      if (this.#slices.size <= SLICES_KEPT) break;
      this.#slices.delete(oldest);
    }
    return bytes;
  }

  #start(key: string, source: File, slice: number): Promise<Bytes> {
    const bytes = readSlice(source, slice);
    bytes.catch(() => this.#slices.delete(key)); // the drive may come back
    return bytes;
  }
}

const readSlice = async (source: File, slice: number): Promise<Bytes> =>
  new Uint8Array(await source.slice(slice * SLICE_BYTES, (slice + 1) * SLICE_BYTES).arrayBuffer());
