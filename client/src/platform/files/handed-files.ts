/** Files that other tabs of this browser handed over, until their hashes are checked. */
import type { Result } from "@swapmeet/shared";
import { fileIdOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Input } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { HashedFile, HashProblem } from "../bytes/hash-file.ts";
import { unlessStill } from "../web/silence.ts";

export interface HandedFilesOptions {
  /** `onBytes` hears how many more bytes are hashed. */
  hash(
    content: Blob,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Result<HashedFile, HashProblem>>;
  /** The content is the file, and is read from where it lies. */
  adopt(file: FileId, content: Blob, layer: Uint8Array): void;
  refuse(file: FileId, from: PeerId, because: HandedProblem): void;
  feed(input: Input): void;
}

/** Other files may be hashed first. When nothing is heard for so long, the file is fetched over the channel. Guess. */
const HASHED_WITHIN_MS = 60_000;

export type HandedProblem = "another-file" | "unreadable";

interface Handed {
  readonly from: PeerId;
  readonly content: Blob;
  readonly dropping: AbortController;
}

export class HandedFiles {
  readonly #options: HandedFilesOptions;
  readonly #handedByFile = new Map<FileId, Handed>();

  constructor(options: HandedFilesOptions) {
    this.#options = options;
  }

  /** Takes one content at a time for each file. The swarm then calls check() or drop(), as it wants it or not. */
  take(file: FileId, from: PeerId, content: Blob): void {
    if (this.#handedByFile.has(file)) return;
    this.#handedByFile.set(file, { from, content, dropping: new AbortController() });
    this.#options.feed({ type: "file-handed", file, from });
  }

  async check(file: FileId): Promise<void> {
    const handed = this.#handedByFile.get(file);
    if (!handed) return;
    const { adopt, refuse, feed } = this.#options;
    const { from, content } = handed;
    const verdict = await this.#verdict(file, handed).catch((error: unknown) => {
      reportError(error); // it is fetched over the channel
      return "not-loaded" as const;
    });
    if (this.#handedByFile.get(file) !== handed) return; // dropped meanwhile
    this.#handedByFile.delete(file);
    if (verdict === "another-file" || verdict === "unreadable") refuse(file, from, verdict);
    else if (verdict !== "not-loaded") adopt(file, content, verdict.layer);
    feed({ type: "file-checked", file, layer: typeof verdict === "string" ? null : verdict.layer });
  }

  drop(file: FileId): void {
    this.#handedByFile.get(file)?.dropping.abort();
    this.#handedByFile.delete(file);
  }

  close(): void {
    for (const file of [...this.#handedByFile.keys()]) this.drop(file);
  }

  async #verdict(
    file: FileId,
    { content, dropping }: Handed,
  ): Promise<HashedFile | HandedProblem | "not-loaded"> {
    if (content.size !== lengthOf(file)) return "another-file";
    let hashedBytes = 0;
    const onBytes = (bytes: number) => {
      hashedBytes += bytes;
      if (!dropping.signal.aborted) this.#options.feed({ type: "file-hashed", file, bytes: hashedBytes });
    };
    const hashing = this.#options.hash(content, onBytes, dropping.signal);
    const hashed = await unlessStill(HASHED_WITHIN_MS, hashing, () => hashedBytes);
    if (!hashed) {
      dropping.abort();
      return "not-loaded";
    }
    if (!hashed.ok) return hashed.problem === "not-loaded" ? hashed.problem : "unreadable";
    return fileIdOf(hashed.value.root, hashed.value.length) === file ? hashed.value : "another-file";
  }
}
