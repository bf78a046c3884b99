/**
 * The bytes of the files that this device shares, from where they lie on its disk. Reads are big and answers small:
 * a slice is read once for all the blocks in it, and the next one while they are sent.
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { concatBytes } from "@swapmeet/engine/base/bytes";
import { geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { ReadProblem } from "@swapmeet/engine/io/io";
import type { Bytes } from "../bytes/leaf-hashes.ts";
import type { PieceReader } from "../bytes/piece-reader.ts";
import { within } from "../web/time-limit.ts";

/** Measured: slices of 64 KiB read at 55 MB/s, of 1 MiB at 190. Larger where a piece is: pieces are read whole. */
const MIN_SLICE_BYTES = 1024 * 1024;
/** Slices in memory: the one being sent and the next, for a few readers at different places. Guess. */
const MEMORY_BYTES = 16 * 1024 * 1024;

/** Equal files on the disk: while one can be read, all are served. More are forgotten, the oldest first. Guess. */
const MAX_SPARES = 8;
/** The reader gives a disk 30 s [F9], a reader that hangs is found out after a minute and more, and three are tried [K4]. */
const READ_WITHIN_MS = 4 * 60_000;

type Slice = Promise<Result<Bytes, ReadProblem>>;
type Desk = Pick<PieceReader, "hold" | "drop" | "read">;

/** Where shared files are read: in a worker, which may fail and start anew, or in this thread. */
export interface Reading {
  /** Null: it has not started, or it has failed. */
  readonly current: { readonly desk: Desk } | null;
  /** Rejects when it fails. */
  do<Answer>(job: (desk: Desk) => Promise<Answer>): Promise<Answer>;
  /** Nothing more is read. */
  terminate(): void;
}

/** `begin` tells each desk that starts later which files there are. */
export type StartReading = (begin: (desk: Desk) => void) => Reading;

export class SharedFiles {
  readonly #sources = new Map<FileId, { readonly source: Blob; readonly layer: Uint8Array }>();
  /** Where else the bytes of a file lie, under its other names. */
  readonly #spares = new Map<FileId, Blob[]>();
  /** Slices by file and number, the least recently used first. */
  readonly #slices = new Map<string, Slice>();
  readonly #reading: Reading;

  constructor(start: StartReading) {
    this.#reading = start((desk) => {
      for (const [file, { source, layer }] of this.#sources) tell(desk.hold(file, source, layer));
    });
  }

  /** `layer`: its piece hashes, joined; empty for a file of one piece. Bytes that are read later must match them. */
  add(file: FileId, source: Blob, layer: Uint8Array): void {
    const before = this.#sources.get(file)?.source;
    if (before && before !== source)
      this.#spares.set(file, [...(this.#spares.get(file) ?? []), before].slice(-MAX_SPARES));
    this.#hold(file, source, layer);
  }

  /** Takes another source of the file, because `source` can't be read. False: there is none. */
  next(file: FileId, source: Blob): boolean {
    const held = this.#sources.get(file);
    if (held && held.source !== source) return true; // somebody else has found out before
    const next = this.#spares.get(file)?.pop();
    if (held && next) this.#hold(file, next, held.layer);
    return held !== undefined && next !== undefined;
  }

  remove(file: FileId): void {
    this.#sources.delete(file);
    this.#spares.delete(file);
    if (this.#reading.current) tell(this.#reading.current.desk.drop(file));
    for (const key of this.#slices.keys()) if (key.startsWith(file)) this.#slices.delete(key);
  }

  has(file: FileId): boolean {
    return this.#sources.has(file);
  }

  /** The file itself, where it lies. */
  sourceOf(file: FileId): Blob | null {
    return this.#sources.get(file)?.source ?? null;
  }

  /** The answer may share its memory with others: it is only to be read. */
  async read(file: FileId, begin: number, length: number): Slice {
    const source = this.#sources.get(file)?.source;
    if (!source) return fail("vanished");
    const read = await this.#read(file, begin, length);
    return read.ok || !this.next(file, source) ? read : this.read(file, begin, length);
  }

  async #read(file: FileId, begin: number, length: number): Slice {
    const sliceBytes = sliceBytesOf(file);
    const parts: Bytes[] = [];
    for (let at = begin; at < begin + length;) {
      const number = Math.floor(at / sliceBytes);
      const slice = await this.#slice(file, number);
      if (!slice.ok) return slice;
      const from = at - number * sliceBytes;
      const part = slice.value.subarray(from, from + begin + length - at);
      if (part.length === 0) return fail("changed");
      parts.push(part);
      at += part.length;
    }
    return ok(parts.length === 1 ? parts[0]! : (concatBytes(...parts) as Bytes));
  }

  #hold(file: FileId, source: Blob, layer: Uint8Array): void {
    this.#sources.set(file, { source, layer });
    if (this.#reading.current) tell(this.#reading.current.desk.hold(file, source, layer));
  }

  close(): void {
    this.#reading.terminate();
    this.#slices.clear();
  }

  #slice(file: FileId, number: number): Slice {
    const wanted = this.#cached(file, number);
    if ((number + 1) * sliceBytesOf(file) < lengthOf(file)) void this.#cached(file, number + 1);
    return wanted;
  }

  #cached(file: FileId, number: number): Slice {
    const key = `${file}/${number}`;
    const slice = this.#slices.get(key) ?? this.#readSlice(file, number);
    void slice.then(({ ok }) => ok || this.#slices.delete(key)); // a drive may come back
    this.#slices.delete(key);
    this.#slices.set(key, slice);
    const slicesKept = Math.max(2, MEMORY_BYTES / sliceBytesOf(file));
    for (const oldest of this.#slices.keys()) {
      if (this.#slices.size <= slicesKept) break;
      this.#slices.delete(oldest);
    }
    return slice;
  }

  async #readSlice(file: FileId, number: number): Slice {
    const sliceBytes = sliceBytesOf(file);
    try {
      const reading = this.#reading.do((desk): Slice =>
        desk.read(file, number * sliceBytes, (number + 1) * sliceBytes),
      );
      return (await within(READ_WITHIN_MS, reading)) ?? fail("vanished");
    } catch (error) {
      reportError(error); // a bug, or the worker could not be loaded; the caller still gets an answer
      return fail("vanished");
    }
  }
}

/** Without an answer: where the worker is not loaded, the next read says so. */
const tell = (call: Promise<void>): void => void call.catch(() => {});

const sliceBytesOf = (file: FileId): number =>
  Math.max(MIN_SLICE_BYTES, geometryOf(lengthOf(file)).pieceLength);
