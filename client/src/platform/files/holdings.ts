/**
 * The bytes of files on this device: files shared from the disk, and pieces of downloads in a store. Performs what the
 * swarm wants done with them, and answers. Decides nothing.
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { Bitfield } from "@swapmeet/engine/base/bitfield";
import { geometryOf, lengthOf, pieceBegin, pieceBytes, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile, ReadProblem, StoreProblem, SwarmOutput } from "@swapmeet/engine/io/io";
import type { FileEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { HandedFiles, type HandedProblem } from "./handed-files.ts";
import type { HashedFile, HashProblem } from "../bytes/hash-file.ts";
import { unperformedByFiles, type BlockSender, type HostFiles } from "../bytes/host-files.ts";
import { leafHashes, type Bytes } from "../bytes/leaf-hashes.ts";
import type { PieceStore, PieceStores, StoredFile } from "../store/piece-store.ts";
import { bytesMissing } from "../store/quota.ts";
import { readProblemIn } from "../bytes/read-problem.ts";
import { SharedFiles } from "./shared-files.ts";
import { within } from "../web/time-limit.ts";
import { Turns } from "./turns.ts";
import { brokenBy } from "../workers/broken-by.ts";

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
  /** What is stored of it is deleted, or will be. */
  deleted(file: FileId): void;
  /** Other tabs may go on: a store was closed, filled or deleted. */
  released(): void;
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
  /** A tab did not have what it gave. */
  refuseTab(file: FileId, from: PeerId, because: HandedProblem): void;
  feed(input: Input): void;
}

/** So long after a file was given to the browser, it may still be copying it to the person's disk. Guess. */
const COPIED_WITHIN_MS = 5 * 60_000;
/** So long a person may take back that a file is no longer shared, or that a download was cancelled. */
export const UNDO_WITHIN_MS = 10_000;
/** Below this nobody asks whether there is room: the answer costs more than the failure. Guess. */
const LARGE_BYTES = 16 * 1024 * 1024;
/** A piece takes a second, and files that are being added come before it. After this it is hashed on the page. Guess. */
const HASHED_WITHIN_MS = 60_000;
const CLOSED: StoreProblem = { kind: "broken", defect: { type: "closed" } };

export class Holdings implements HostFiles {
  readonly #options: HoldingsOptions;
  readonly #shared = new SharedFiles();
  readonly #handed: HandedFiles;
  /** Downloads that lie where another tab had them, and in no store. */
  readonly #adopted = new Set<FileId>();
  readonly #storeByFile = new Map<FileId, PieceStore>();
  readonly #namesByFile = new Map<FileId, { name: string; folder: string }>();
  /** Whatever touches a store waits its turn here. */
  readonly #turns = new Turns();
  /** What is to be opened, until it is to be closed or deleted: the last word about a file counts. */
  readonly #openingByFile = new Map<FileId, SwarmOutput>();
  /** Of whole files: when nobody can be copying them any more. */
  readonly #copiedAtByFile = new Map<FileId, number>();
  readonly #deletionByFile = new Map<FileId, ReturnType<typeof setTimeout>>();
  #closed = false;
  sentBytes = 0;

  constructor(options: HoldingsOptions) {
    this.#options = options;
    this.#handed = new HandedFiles({
      hash: (content, onBytes, signal) => options.hash(content, onBytes, signal),
      adopt: (file, content, layer) => this.#adopt(file, content, layer),
      refuse: (file, from, because) => options.refuseTab(file, from, because),
      feed: (input) => options.feed(input),
    });
  }

  /** A file of the disk, to be read when somebody asks for it. */
  share({ file, layer }: Pick<LocalFile, "file" | "layer">, source: File): void {
    this.#adopted.delete(file);
    this.#shared.add(file, source, layer);
  }

  /** What the person picked, as it was picked. */
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

  /** Under which name a download is stored, told before the swarm opens its store. */
  name(file: FileId, name: string, folder: string): void {
    this.#namesByFile.set(file, { name, folder });
  }

  /** Saves a complete download under each of these names, or again. */
  async save(file: FileId, entries: readonly FileEntry[]): Promise<void> {
    for (const entry of entries) {
      const problem = await this.#give(file, entry).catch((error: unknown): StoreProblem => {
        reportError(error);
        return brokenBy(error);
      });
      this.#copiedAtByFile.set(file, performance.now() + COPIED_WITHIN_MS);
      if (!problem) this.#options.saved(file);
      else this.#unreadable(file, problem);
      this.#options.feed(
        problem
          ? { type: "save-failed", file, reason: problem, entries: [entry] }
          : { type: "file-saved", file, entries: [entry] },
      );
    }
  }

  /** No other tab of this browser is writing it. */
  canOpen(file: FileId): Promise<boolean> {
    return this.#turns.alone(file, async () =>
      (await this.#options.stores()).canOpen(file, this.#namesOf(file)[0]),
    );
  }

  /** A download that an earlier life finished, to be served from its store; null when it is not there, or not whole. */
  serveAgain(file: FileId): Promise<Result<LocalFile | null, StoreProblem>> {
    return this.#turns.alone(file, async () => {
      const [name, folder] = this.#namesOf(file);
      const opened = await (await this.#options.stores()).openWhole(file, name);
      if (!opened.ok || !opened.value) return opened as Result<null, StoreProblem>;
      this.#keep(file, opened.value);
      this.#copiedAtByFile.set(file, 0);
      return ok({ file, name, folder, layer: opened.value.layer });
    });
  }

  /** What is stored on this device, by this tab or any other. */
  async list(): Promise<Result<readonly StoredFile[], StoreProblem>> {
    const listed = await (await this.#options.stores()).list();
    return listed.ok ? ok(listed.value.filter(({ file }) => !this.#deletionByFile.has(file))) : listed;
  }

  /** Something of it may be stored. */
  holds(file: FileId): Promise<boolean> {
    return this.#turns.use(file, async () => (await this.#options.stores()).holds(file));
  }

  /** Deletes what is stored of a file, as soon as nobody copies it. False: another tab holds it, and it stays. */
  delete(file: FileId, graceMs = 0): Promise<boolean> {
    this.#openingByFile.delete(file);
    return this.#turns.alone(file, async () => {
      const waitMs = Math.max(graceMs, (this.#copiedAtByFile.get(file) ?? 0) - performance.now());
      if (waitMs <= 0) return this.#delete(file);
      this.spare(file);
      const deletion = setTimeout(() => this.#deleteIfDue(file, deletion), waitMs);
      this.#deletionByFile.set(file, deletion);
      const isOurs = !this.#adopted.has(file) && !this.#storeByFile.get(file)?.isBorrowed;
      if (isOurs) this.#options.deleted(file);
      return isOurs;
    });
  }

  /** The file is wanted again. */
  spare(file: FileId): void {
    clearTimeout(this.#deletionByFile.get(file));
    this.#deletionByFile.delete(file);
  }

  perform(output: SwarmOutput, linkOf: (peer: PeerId) => BlockSender | null): void {
    const { feed } = this.#options;
    switch (output.type) {
      case "open-store":
        this.spare(output.file);
        this.#openingByFile.set(output.file, output);
        return this.#answered(output, () => this.#turns.alone(output.file, () => this.#open(output)));
      case "put-block":
        return this.#storeByFile.get(output.file)?.put(output.begin, output.bytes);
      case "check-piece":
        return this.#answered(output, () => this.#check(output.file, output.piece, output.hash));
      case "drop-piece":
        return this.#storeByFile.get(output.file)?.drop(output.piece);
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
        return void linkOf(peer)?.sendBlocks(id, read, (bytes) => {
          this.sentBytes += bytes;
          feed({ type: "bytes-sent", peer, id, bytes });
        });
      }
      case "stop-blocks":
        return linkOf(output.peer)?.stopBlocks(output.id);
      case "hash-leaves":
        return this.#answered(output, () => this.#hashLeaves(output.file, output.piece));
      case "save-file":
        this.#copiedAtByFile.set(output.file, 0);
        this.#options.finished(output.file);
        this.#options.released();
        if (this.#options.savesByItself())
          return this.#answered(output, () => this.save(output.file, output.entries));
        return feed({ type: "file-kept", file: output.file });
      case "close-store":
        return this.#answered(output, async () => {
          if (output.forget) await this.delete(output.file, UNDO_WITHIN_MS);
          else await this.#closeStore(output.file);
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
    this.#closed = true;
    for (const deletion of this.#deletionByFile.values()) clearTimeout(deletion);
    for (const store of this.#storeByFile.values()) void store.close();
    this.#storeByFile.clear();
    this.#options.released();
  }

  /** Performs an output that takes a while. It is answered whatever happens. */
  #answered(output: SwarmOutput, act: () => Promise<void>): void {
    act().catch((error: unknown) => this.#fail(output, error));
  }

  #fail(output: SwarmOutput, error: unknown): void {
    reportError(error);
    const answer = unperformedByFiles(output, error);
    if (answer) this.#options.feed(answer);
  }

  async #open(output: Extract<SwarmOutput, { type: "open-store" }>): Promise<void> {
    const { feed } = this.#options;
    const { file, layer } = output;
    this.spare(file);
    await this.#storeByFile.get(file)?.close();
    const stores = await this.#options.stores();
    const opened = await stores.open(file, this.#namesOf(file)[0], layer);
    if (opened.ok) this.#keep(file, opened.value);
    const missingBytes = opened.ok ? await roomMissing(stores, file, opened.value.have) : 0;
    if (this.#openingByFile.get(file) !== output) return;
    this.#openingByFile.delete(file);
    if (!opened.ok) return feed({ type: "store-failed", file, reason: opened.problem });
    const { have, layer: kept } = opened.value;
    feed({ type: "store-opened", file, have, layer: kept, missingBytes });
  }

  #keep(file: FileId, store: PieceStore): void {
    if (this.#closed) void store.close();
    else this.#storeByFile.set(file, store);
  }

  async #check(file: FileId, piece: number, hash: Uint8Array): Promise<void> {
    const { feed } = this.#options;
    const checked = await this.#turns.use(
      file,
      async () => (await this.#storeByFile.get(file)?.check(piece, hash)) ?? fail(CLOSED),
    );
    if (!checked.ok) feed({ type: "store-failed", file, reason: checked.problem });
    else if (checked.value.type === "stored") feed({ type: "piece-stored", file, piece });
    else feed({ type: "piece-corrupt", file, piece, leaves: checked.value.leaves });
  }

  #read(file: FileId, begin: number, length: number): ReturnType<SharedFiles["read"]> {
    return this.#turns.use(file, async () => {
      const shared = this.#shared.has(file) ? await this.#shared.read(file, begin, length) : null;
      if (shared?.ok) return shared;
      const stored = await this.#storeByFile.get(file)?.read(begin, length);
      if (!stored?.ok) return shared ?? fail("vanished");
      this.#shared.remove(file); // it is gone from the disk, and was fetched anew
      return stored;
    });
  }

  async #hashLeaves(file: FileId, piece: number): Promise<void> {
    const { feed } = this.#options;
    const leaves = await this.#leaves(file, piece).catch((error: unknown) => {
      reportError(error); // who asked is answered all the same
      return fail("vanished" as const);
    });
    if (leaves.ok) feed({ type: "leaves-hashed", file, piece, leaves: leaves.value });
    else feed({ type: "read-failed", file, reason: leaves.problem });
  }

  async #leaves(file: FileId, piece: number): Promise<Result<Uint8Array, ReadProblem>> {
    if (!this.#shared.has(file)) {
      const stored = await this.#turns.use(file, async () => this.#storeByFile.get(file)?.leaves(piece));
      return stored?.ok ? stored : fail("vanished");
    }
    const geometry = geometryOf(lengthOf(file));
    const read = await this.#read(file, pieceBegin(geometry, piece), pieceBytes(geometry, piece));
    if (!read.ok) return read;
    const hashing = within(HASHED_WITHIN_MS, this.#options.leaves(read.value));
    return ok((await hashing.catch(() => null)) ?? (await leafHashes(read.value)));
  }

  #closeStore(file: FileId): Promise<void> {
    this.#openingByFile.delete(file);
    return this.#turns.alone(file, async () => {
      await this.#storeByFile.get(file)?.close();
      this.#storeByFile.delete(file);
      this.#options.released();
    });
  }

  /** The time has come, and in its turn it is still wanted: whoever opens the file spares it. */
  #deleteIfDue(file: FileId, deletion: ReturnType<typeof setTimeout>): void {
    const deleting = this.#turns.alone(file, async () => {
      if (this.#deletionByFile.get(file) === deletion) await this.#delete(file);
    });
    deleting.catch((error: unknown) => reportError(error));
  }

  /** Also what an earlier life left and nobody has opened. */
  async #delete(file: FileId): Promise<boolean> {
    const store = this.#storeByFile.get(file);
    this.#storeByFile.delete(file);
    this.spare(file); // from a deletion that was to come later
    this.#copiedAtByFile.delete(file);
    if (this.#adopted.delete(file)) this.#shared.remove(file);
    const isOurs = store ? !store.isBorrowed : await this.#forget(file);
    await store?.forget();
    this.#options.released();
    if (isOurs) this.#options.deleted(file);
    return isOurs;
  }

  async #forget(file: FileId): Promise<boolean> {
    const forgotten = await (await this.#options.stores()).forget(file);
    return forgotten.ok || forgotten.problem.kind !== "in-use";
  }

  /** What a store has of it is needless from now on. */
  #adopt(file: FileId, content: Blob, layer: Uint8Array): void {
    if (!this.#shared.has(file)) this.#adopted.add(file);
    this.#shared.add(file, content, layer);
    this.#openingByFile.delete(file);
    const forgetting = this.#turns.alone(file, async () => {
      await this.#storeByFile.get(file)?.forget();
      this.#storeByFile.delete(file);
      this.#options.released();
    });
    forgetting.catch((error: unknown) => reportError(error));
  }

  async #give(file: FileId, { name, folder }: FileEntry): Promise<StoreProblem | null> {
    const blob = await this.#content(file);
    return blob.ok ? this.#options.save(blob.value, name, folder) : blob.problem;
  }

  async #content(file: FileId): Promise<Result<Blob, StoreProblem>> {
    const source = this.#shared.sourceOf(file);
    if (!source)
      return this.#turns.use(file, async () => (await this.#storeByFile.get(file)?.blob()) ?? fail(CLOSED));
    const reason = await readProblemIn(source);
    if (!reason) return ok(source);
    if (this.#shared.next(file, source)) return this.#content(file);
    const stored = await this.#turns.use(file, async () => this.#storeByFile.get(file)?.blob()); // fetched anew
    return stored?.ok ? stored : fail({ kind: "source-unreadable", reason });
  }

  /** Whoever finds out: what is not there is not served any more. */
  #unreadable(file: FileId, problem: StoreProblem): void {
    if (problem.kind === "source-unreadable")
      this.#options.feed({ type: "read-failed", file, reason: problem.reason });
  }

  #namesOf(file: FileId): [name: string, folder: string] {
    const { name, folder } = this.#namesByFile.get(file) ?? { name: "unnamed", folder: "" };
    return [name, folder];
  }
}

/** How many bytes too few there are for the rest of a file; 0 where the browser does not tell. */
const roomMissing = async (stores: PieceStores, file: FileId, have: Uint8Array): Promise<number> => {
  const bytes = bytesToFetch(file, have);
  if (bytes < LARGE_BYTES) return 0;
  if (stores.limitBytes !== null) return Math.max(0, bytes - stores.limitBytes);
  return (await bytesMissing(bytes)) ?? 0;
};

const bytesToFetch = (file: FileId, have: Uint8Array): number => {
  const geometry = geometryOf(lengthOf(file));
  let bytes = geometry.length;
  for (const piece of Bitfield.parse(have, geometry.pieceCount) ?? []) bytes -= pieceBytes(geometry, piece);
  return bytes;
};
