/**
 * Downloads in the stores of this device: opened, filled, read, closed and deleted, each file in its turn. A deletion
 * may wait: for a person who takes it back, and for the browser that still copies the file.
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { Bitfield } from "@swapmeet/engine/base/bitfield";
import { geometryOf, lengthOf, pieceBytes, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile, StoreProblem, SwarmOutput } from "@swapmeet/engine/io/io";
import type { PieceStore, PieceStores, StoredFile } from "../store/piece-store.ts";
import { bytesMissing } from "../store/quota.ts";
import { Turns } from "./turns.ts";

export interface StoredFilesOptions {
  stores(): Promise<PieceStores>;
  /** The stored bytes of the file are deleted, or will be. */
  deleted(file: FileId): void;
  /** Other tabs may go on: a store was closed, filled or deleted. */
  released(): void;
  /** A download that lies where another tab had it, and in no store. */
  isAdopted(file: FileId): boolean;
  /** Nothing of the file is kept here from now on, wherever it lies. */
  letGo(file: FileId): void;
  feed(input: Input): void;
}

/** So long after a file was given to the browser, it may still be copying it to the person's disk. Guess. */
const COPIED_WITHIN_MS = 5 * 60_000;
/** For smaller files it does not ask whether there is room: the answer costs more than the failure. Guess. */
const LARGE_BYTES = 16 * 1024 * 1024;
export const CLOSED: StoreProblem = { kind: "broken", defect: { type: "closed" } };

type OpenStore = Extract<SwarmOutput, { type: "open-store" }>;

export class StoredFiles {
  readonly #options: StoredFilesOptions;
  readonly #storeByFile = new Map<FileId, PieceStore>();
  readonly #namesByFile = new Map<FileId, { name: string; folder: string }>();
  /** Every use of a store waits for its turn here. */
  readonly #turns = new Turns();
  /** The stores to open, each until it is to be closed or deleted: the last command about a file counts. */
  readonly #openingByFile = new Map<FileId, OpenStore>();
  /** For whole files, the time after which nobody can be copying them any more. */
  readonly #copiedAtByFile = new Map<FileId, number>();
  readonly #deletionByFile = new Map<FileId, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(options: StoredFilesOptions) {
    this.#options = options;
  }

  /** Sets the name under which a download is stored. Call it before the swarm opens the store. */
  name(file: FileId, name: string, folder: string): void {
    this.#namesByFile.set(file, { name, folder });
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
      this.finished(file);
      return ok({ file, name, folder, layer: opened.value.layer });
    });
  }

  /** The files that are stored on this device, by this tab or any other. */
  async list(): Promise<Result<readonly StoredFile[], StoreProblem>> {
    const listed = await (await this.#options.stores()).list();
    return listed.ok ? ok(listed.value.filter(({ file }) => !this.#deletionByFile.has(file))) : listed;
  }

  /** Something of it may be stored. */
  holds(file: FileId): Promise<boolean> {
    return this.#turns.use(file, async () => (await this.#options.stores()).holds(file));
  }

  /** Reads where the bytes of the file lie, in its turn. `store`: absent when none is open. */
  use<Value>(file: FileId, act: (store: PieceStore | undefined) => Promise<Value>): Promise<Value> {
    return this.#turns.use(file, async () => act(this.#storeByFile.get(file)));
  }

  // -- during the download -------------------------------------------------------------------------------------------

  /** Opens the store and answers the swarm, unless the file is to be closed or deleted by then. */
  open(output: OpenStore): Promise<void> {
    this.spare(output.file);
    this.#openingByFile.set(output.file, output);
    return this.#turns.alone(output.file, () => this.#open(output));
  }

  put(file: FileId, begin: number, bytes: Uint8Array): void {
    this.#storeByFile.get(file)?.put(begin, bytes);
  }

  async check(file: FileId, piece: number, hash: Uint8Array): Promise<void> {
    const { feed } = this.#options;
    const checked = await this.use(file, async (store) => (await store?.check(piece, hash)) ?? fail(CLOSED));
    if (!checked.ok) feed({ type: "store-failed", file, reason: checked.problem });
    else if (checked.value.type === "stored") feed({ type: "piece-stored", file, piece });
    else feed({ type: "piece-corrupt", file, piece, leaves: checked.value.leaves });
  }

  drop(file: FileId, piece: number): void {
    this.#storeByFile.get(file)?.drop(piece);
  }

  closeStore(file: FileId): Promise<void> {
    this.#openingByFile.delete(file);
    return this.#turns.alone(file, async () => {
      await this.#storeByFile.get(file)?.close();
      this.#storeByFile.delete(file);
      this.#options.released();
    });
  }

  // -- after the download --------------------------------------------------------------------------------------------

  /** All of it is stored, and nobody copies it. */
  finished(file: FileId): void {
    this.#copiedAtByFile.delete(file);
  }

  /** The browser was given it, and copies it to the person's disk. */
  copying(file: FileId): void {
    this.#copiedAtByFile.set(file, performance.now() + COPIED_WITHIN_MS);
  }

  // -- deletion ------------------------------------------------------------------------------------------------------

  /** Deletes the stored bytes of a file, as soon as nobody copies it. False: another tab holds it, and it stays. */
  delete(file: FileId, graceMs = 0): Promise<boolean> {
    this.#openingByFile.delete(file);
    return this.#turns.alone(file, async () => {
      const waitMs = Math.max(graceMs, (this.#copiedAtByFile.get(file) ?? 0) - performance.now());
      if (waitMs <= 0) return this.#delete(file);
      this.spare(file);
      const deletion = setTimeout(() => this.#deleteIfDue(file, deletion), waitMs);
      this.#deletionByFile.set(file, deletion);
      const isOurs = !this.#options.isAdopted(file) && !this.#storeByFile.get(file)?.isBorrowed;
      if (isOurs) this.#options.deleted(file);
      return isOurs;
    });
  }

  /** The file is wanted again. */
  spare(file: FileId): void {
    clearTimeout(this.#deletionByFile.get(file));
    this.#deletionByFile.delete(file);
  }

  /** The file came another way, so the pieces in its store are not needed. */
  discard(file: FileId): void {
    this.#openingByFile.delete(file);
    const forgetting = this.#turns.alone(file, async () => {
      await this.#storeByFile.get(file)?.forget();
      this.#storeByFile.delete(file);
      this.#options.released();
    });
    forgetting.catch((error: unknown) => reportError(error));
  }

  close(): void {
    this.#closed = true;
    for (const deletion of this.#deletionByFile.values()) clearTimeout(deletion);
    for (const store of this.#storeByFile.values()) void store.close();
    this.#storeByFile.clear();
    this.#options.released();
  }

  async #open(output: OpenStore): Promise<void> {
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

  /** Deletes the file at its time, unless it was opened again before its turn came. */
  #deleteIfDue(file: FileId, deletion: ReturnType<typeof setTimeout>): void {
    const deleting = this.#turns.alone(file, async () => {
      if (this.#deletionByFile.get(file) === deletion) await this.#delete(file);
    });
    deleting.catch((error: unknown) => reportError(error));
  }

  /** Deletes also files of earlier visits that this tab has not opened. */
  async #delete(file: FileId): Promise<boolean> {
    const store = this.#storeByFile.get(file);
    this.#storeByFile.delete(file);
    this.spare(file); // from a deletion that was to come later
    this.#copiedAtByFile.delete(file);
    this.#options.letGo(file);
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

  #namesOf(file: FileId): [name: string, folder: string] {
    const { name, folder } = this.#namesByFile.get(file) ?? { name: "unnamed", folder: "" };
    return [name, folder];
  }
}

/** The bytes of room that are missing for the rest of a file; 0 where the browser does not tell. */
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
