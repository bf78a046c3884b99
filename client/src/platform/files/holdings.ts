/**
 * The bytes of files on this device: files shared from the disk, and pieces of downloads in a store. Performs the
 * swarm's outputs about them, and answers. Decides nothing.
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { geometryOf, lengthOf, pieceBegin, pieceBytes, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile, ReadProblem, StoreProblem, SwarmOutput } from "@swapmeet/engine/io/io";
import type { FileEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { HandedFiles, type HandedProblem } from "./handed-files.ts";
import type { HashedFile, HashProblem } from "../bytes/hash-file.ts";
import { unperformedByFiles, type BlockSender, type HostFiles } from "../bytes/host-files.ts";
import { leafHashes, type Bytes } from "../bytes/leaf-hashes.ts";
import type { PieceStores } from "../store/piece-store.ts";
import { readProblemIn } from "../bytes/read-problem.ts";
import { SharedFiles, type StartReading } from "./shared-files.ts";
import { within } from "../web/time-limit.ts";
import { brokenBy } from "../workers/broken-by.ts";
import { CLOSED, StoredFiles } from "./stored-files.ts";

export interface HoldingsOptions {
  stores(): Promise<PieceStores>;
  /** Gives a finished file to the person, by one of its names. */
  save(blob: Blob, name: string, folder: string): Promise<StoreProblem | null>;
  /** A finished download saves itself. */
  savesByItself(): boolean;
  /** Every piece of a download is stored. */
  finished(file: FileId): void;
  /** A download was given to the person. */
  saved(file: FileId): void;
  /** The stored bytes of the file are deleted, or will be. */
  deleted(file: FileId): void;
  /** Other tabs may go on: a store was closed, filled or deleted. */
  released(): void;
  /** Reads the files that are shared from the disk. */
  readonly reading: StartReading;
  /** The leaf hashes of a piece, joined, by a worker. */
  leaves(piece: Bytes): Promise<Uint8Array>;
  /** A whole file, by a worker. */
  hash(
    content: Blob,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Result<HashedFile, HashProblem>>;
  /** The other tabs of this browser, see lane.ts. */
  askTabs(file: FileId): void;
  /** A tab gave bytes that were not the file. */
  refuseTab(file: FileId, from: PeerId, because: HandedProblem): void;
  feed(input: Input): void;
}

/** For so long a person may undo that a file is no longer shared, or that a download was cancelled. */
export const UNDO_WITHIN_MS = 10_000;
/** A piece takes a second, but files that are being added come first. After this time the page hashes it. Guess. */
const HASHED_WITHIN_MS = 60_000;

export class Holdings implements HostFiles {
  /** Downloads in the stores of this device. */
  readonly stored: StoredFiles;
  readonly #options: HoldingsOptions;
  readonly #shared: SharedFiles;
  readonly #handed: HandedFiles;
  /** Downloads that lie where another tab had them, and in no store. */
  readonly #adopted = new Set<FileId>();

  constructor(options: HoldingsOptions) {
    this.#options = options;
    this.stored = new StoredFiles({
      stores: () => options.stores(),
      deleted: (file) => options.deleted(file),
      released: () => options.released(),
      isAdopted: (file) => this.#adopted.has(file),
      letGo: (file) => {
        if (this.#adopted.delete(file)) this.#shared.remove(file);
      },
      feed: (input) => options.feed(input),
    });
    this.#shared = new SharedFiles(options.reading);
    this.#handed = new HandedFiles({
      hash: (content, onBytes, signal) => options.hash(content, onBytes, signal),
      adopt: (file, content, layer) => this.#adopt(file, content, layer),
      refuse: (file, from, because) => options.refuseTab(file, from, because),
      feed: (input) => options.feed(input),
    });
  }

  /** A file of the disk, to be read when somebody asks for it. */
  share({ file, layer }: Pick<LocalFile, "file" | "layer">, source: Blob): void {
    this.#adopted.delete(file);
    this.#shared.add(file, source, layer);
  }

  /** The file as the person picked it. */
  pickedOf(file: FileId): File | null {
    const source = this.#shared.sourceOf(file);
    return source instanceof File && !this.#adopted.has(file) ? source : null;
  }

  /** Another tab of this browser gave the file itself. */
  handed(file: FileId, from: PeerId, content: Blob): void {
    this.#handed.take(file, from, content);
  }

  /** The file itself, when all of it is here. */
  async whole(file: FileId): Promise<Blob | null> {
    const blob = await this.#content(file);
    if (!blob.ok) this.#unreadable(file, blob.problem);
    return blob.ok ? blob.value : null;
  }

  unshare(file: FileId): void {
    this.#shared.remove(file);
  }

  /** Saves a complete download under each of these names, or again. */
  async save(file: FileId, entries: readonly FileEntry[]): Promise<void> {
    for (const entry of entries) {
      const problem = await this.#give(file, entry).catch((error: unknown): StoreProblem => {
        reportError(error);
        return brokenBy(error);
      });
      this.stored.copying(file);
      if (!problem) this.#options.saved(file);
      else this.#unreadable(file, problem);
      this.#options.feed(
        problem
          ? { type: "save-failed", file, reason: problem, entries: [entry] }
          : { type: "file-saved", file, entries: [entry] },
      );
    }
  }

  perform(output: SwarmOutput, linkOf: (peer: PeerId) => BlockSender | null): void {
    const { feed } = this.#options;
    switch (output.type) {
      case "open-store":
        return this.#answered(output, () => this.stored.open(output));
      case "put-block":
        return this.stored.put(output.file, output.begin, output.bytes);
      case "check-piece":
        return this.#answered(output, () => this.stored.check(output.file, output.piece, output.hash));
      case "drop-piece":
        return this.stored.drop(output.file, output.piece);
      case "send-blocks": {
        const { peer, id, file, begin, length } = output;
        const read = this.#read(file, begin, length).then(
          (result) => {
            if (result.ok) return result.value;
            feed({ type: "read-failed", file, reason: result.problem });
            return null;
          },
          (error: unknown) => {
            this.#fail(output, error);
            return null;
          },
        );
        return void linkOf(peer)?.sendBlocks(id, read, (bytes) =>
          feed({ type: "bytes-sent", peer, id, bytes }),
        );
      }
      case "stop-blocks":
        return linkOf(output.peer)?.stopBlocks(output.id);
      case "hash-leaves":
        return this.#answered(output, () => this.#hashLeaves(output.file, output.piece));
      case "save-file":
        this.stored.finished(output.file);
        this.#options.finished(output.file);
        this.#options.released();
        if (this.#options.savesByItself())
          return this.#answered(output, () => this.save(output.file, output.entries));
        return feed({ type: "file-kept", file: output.file });
      case "close-store":
        return this.#answered(output, async () => {
          if (output.forget) await this.stored.delete(output.file, UNDO_WITHIN_MS);
          else await this.stored.closeStore(output.file);
        });
      case "ask-tabs":
        return this.#options.askTabs(output.file);
      case "check-file":
        return this.#answered(output, () => this.#handed.check(output.file));
      case "drop-file":
        return this.#handed.drop(output.file);
    }
  }

  close(): void {
    this.#handed.close();
    this.#shared.close();
    this.stored.close();
  }

  /** Performs an output that takes a while. It is answered in any case. */
  #answered(output: SwarmOutput, act: () => Promise<void>): void {
    act().catch((error: unknown) => this.#fail(output, error));
  }

  #fail(output: SwarmOutput, error: unknown): void {
    reportError(error);
    const answer = unperformedByFiles(output, error);
    if (answer) this.#options.feed(answer);
  }

  #read(file: FileId, begin: number, length: number): ReturnType<SharedFiles["read"]> {
    return this.stored.use(file, async (store) => {
      const shared = this.#shared.has(file) ? await this.#shared.read(file, begin, length) : null;
      if (shared?.ok) return shared;
      const stored = await store?.read(begin, length);
      if (!stored?.ok) return shared ?? fail("vanished");
      this.#shared.remove(file); // it is gone from the disk, and was fetched anew
      return stored;
    });
  }

  async #hashLeaves(file: FileId, piece: number): Promise<void> {
    const { feed } = this.#options;
    const leaves = await this.#leaves(file, piece).catch((error: unknown) => {
      reportError(error); // the caller still gets an answer
      return fail("vanished" as const);
    });
    if (leaves.ok) feed({ type: "leaves-hashed", file, piece, leaves: leaves.value });
    else feed({ type: "read-failed", file, reason: leaves.problem });
  }

  async #leaves(file: FileId, piece: number): Promise<Result<Uint8Array, ReadProblem>> {
    if (!this.#shared.has(file)) {
      const stored = await this.stored.use(file, async (store) => store?.leaves(piece));
      return stored?.ok ? stored : fail("vanished");
    }
    const geometry = geometryOf(lengthOf(file));
    const read = await this.#read(file, pieceBegin(geometry, piece), pieceBytes(geometry, piece));
    if (!read.ok) return read;
    const hashing = within(HASHED_WITHIN_MS, this.#options.leaves(read.value));
    return ok((await hashing.catch(() => null)) ?? (await leafHashes(read.value)));
  }

  #adopt(file: FileId, content: Blob, layer: Uint8Array): void {
    if (!this.#shared.has(file)) this.#adopted.add(file);
    this.#shared.add(file, content, layer);
    this.stored.discard(file);
  }

  async #give(file: FileId, { name, folder }: FileEntry): Promise<StoreProblem | null> {
    const blob = await this.#content(file);
    return blob.ok ? this.#options.save(blob.value, name, folder) : blob.problem;
  }

  async #content(file: FileId): Promise<Result<Blob, StoreProblem>> {
    const source = this.#shared.sourceOf(file);
    if (!source) return this.stored.use(file, async (store) => (await store?.blob()) ?? fail(CLOSED));
    const reason = await readProblemIn(source);
    if (!reason) return ok(source);
    if (this.#shared.next(file, source)) return this.#content(file);
    const stored = await this.stored.use(file, async (store) => store?.blob()); // fetched anew
    return stored?.ok ? stored : fail({ kind: "source-unreadable", reason });
  }

  /** A file that could not be read from its source is no longer served. */
  #unreadable(file: FileId, problem: StoreProblem): void {
    if (problem.kind === "source-unreadable")
      this.#options.feed({ type: "read-failed", file, reason: problem.reason });
  }
}
