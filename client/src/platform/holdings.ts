/**
 * The bytes of files on this device: files shared from the disk, and pieces of downloads in a store. Performs what the
 * swarm wants done with them, and answers. Decides nothing.
 */
import { geometryOf, lengthOf, pieceBegin, pieceBytes, type FileId } from "../engine/file-id.ts";
import type { Input, StoreProblem, SwarmOutput } from "../engine/io.ts";
import type { PeerId } from "../engine/peer-id.ts";
import type { HostFiles } from "./host.ts";
import type { Bytes } from "./leaf-hashes.ts";
import type { Link } from "./link.ts";
import type { OpenProblem, PieceStore, PieceStores } from "./piece-store.ts";
import { SharedFiles } from "./shared-files.ts";

export interface HoldingsOptions {
  stores(): Promise<PieceStores>;
  /** Gives a finished file to the person. */
  save(blob: Blob, name: string, folder: string): Promise<StoreProblem | null>;
  /** A finished download saves itself. */
  savesByItself(): boolean;
  /** Every piece of a download is stored. */
  finished(file: FileId): void;
  /** The leaf hashes of a piece, joined, by a worker. */
  leaves(piece: Bytes): Promise<Uint8Array>;
  feed(input: Input): void;
}

export class Holdings implements HostFiles {
  readonly #options: HoldingsOptions;
  readonly #shared = new SharedFiles();
  readonly #storeByFile = new Map<FileId, PieceStore>();
  readonly #namesByFile = new Map<FileId, { name: string; folder: string }>();
  sentBytes = 0;

  constructor(options: HoldingsOptions) {
    this.#options = options;
  }

  /** A file of the disk, to be read when somebody asks for it. */
  share(file: FileId, source: File): void {
    this.#shared.add(file, source);
  }

  unshare(file: FileId): void {
    this.#shared.remove(file);
  }

  /** Under which names a download is saved, told before the swarm opens its store. */
  name(file: FileId, name: string, folder: string): void {
    this.#namesByFile.set(file, { name, folder });
  }

  /** Saves a complete download again. */
  async save(file: FileId): Promise<void> {
    const store = this.#storeByFile.get(file);
    if (!store) return;
    const blob = await store.blob();
    const problem = blob.ok ? await this.#options.save(blob.value, ...this.#namesOf(file)) : blob.problem;
    this.#options.feed(
      problem ? { type: "save-failed", file, reason: problem } : { type: "file-saved", file },
    );
  }

  perform(output: SwarmOutput, linkOf: (peer: PeerId) => Link | null): void {
    const { feed } = this.#options;
    switch (output.type) {
      case "open-store":
        return void this.#open(output.file, output.layer);
      case "put-block":
        return this.#storeByFile.get(output.file)?.put(output.begin, output.bytes);
      case "check-piece":
        return void this.#check(output.file, output.piece, output.hash);
      case "drop-piece":
        return this.#storeByFile.get(output.file)?.drop(output.piece);
      case "send-blocks": {
        const { peer, id, file, begin, length } = output;
        const read = this.#read(file, begin, length).then((result) => {
          if (result.ok) return result.value;
          feed({ type: "read-failed", peer, id, file, reason: result.problem });
          return null;
        });
        return void linkOf(peer)?.sendBlocks(id, read, (bytes) => {
          this.sentBytes += bytes;
          feed({ type: "bytes-sent", peer, id, bytes });
        });
      }
      case "stop-blocks":
        return linkOf(output.peer)?.stopBlocks(output.id);
      case "hash-leaves":
        return void this.#hashLeaves(output.file, output.piece);
      case "save-file":
        this.#options.finished(output.file);
        if (this.#options.savesByItself()) void this.save(output.file);
        return;
      case "close-store":
        return void this.#closeStore(output.file, output.forget);
    }
  }

  close(): void {
    for (const store of this.#storeByFile.values()) void store.close();
    this.#storeByFile.clear();
  }

  async #open(file: FileId, layer: Uint8Array): Promise<void> {
    await this.#storeByFile.get(file)?.close();
    const stores = await this.#options.stores();
    const opened = await stores.open(file, this.#namesOf(file)[0], layer);
    if (!opened.ok)
      return this.#options.feed({ type: "store-failed", file, reason: inStoreWords(opened.problem) });
    this.#storeByFile.set(file, opened.value);
    this.#options.feed({ type: "store-opened", file, have: opened.value.have });
  }

  async #check(file: FileId, piece: number, hash: Uint8Array): Promise<void> {
    const { feed } = this.#options;
    const checked = await this.#storeByFile.get(file)?.check(piece, hash);
    if (!checked) return;
    if (!checked.ok) feed({ type: "store-failed", file, reason: checked.problem });
    else if (checked.value.type === "stored") feed({ type: "piece-stored", file, piece });
    else feed({ type: "piece-corrupt", file, piece, leaves: checked.value.leaves });
  }

  async #read(file: FileId, begin: number, length: number): ReturnType<SharedFiles["read"]> {
    if (this.#shared.has(file)) return this.#shared.read(file, begin, length);
    const read = await this.#storeByFile.get(file)?.read(begin, length);
    return read?.ok ? read : { ok: false, problem: "vanished" };
  }

  async #hashLeaves(file: FileId, piece: number): Promise<void> {
    const leaves = this.#shared.has(file)
      ? await this.#sharedLeaves(file, piece)
      : await this.#storedLeaves(file, piece);
    if (leaves) this.#options.feed({ type: "leaves-hashed", file, piece, leaves });
  }

  async #sharedLeaves(file: FileId, piece: number): Promise<Uint8Array | null> {
    const geometry = geometryOf(lengthOf(file));
    const read = await this.#shared.read(file, pieceBegin(geometry, piece), pieceBytes(geometry, piece));
    return read.ok ? this.#options.leaves(read.value) : null;
  }

  async #storedLeaves(file: FileId, piece: number): Promise<Uint8Array | null> {
    const leaves = await this.#storeByFile.get(file)?.leaves(piece);
    return leaves?.ok ? leaves.value : null;
  }

  async #closeStore(file: FileId, forget: boolean): Promise<void> {
    const store = this.#storeByFile.get(file);
    this.#storeByFile.delete(file);
    if (forget) await store?.forget();
    else await store?.close();
  }

  #namesOf(file: FileId): [name: string, folder: string] {
    const { name, folder } = this.#namesByFile.get(file) ?? { name: "unnamed", folder: "" };
    return [name, folder];
  }
}

const inStoreWords = (problem: OpenProblem): StoreProblem =>
  problem.kind === "in-use"
    ? { kind: "broken", detail: "Another tab of this browser is fetching this file." }
    : problem;
