/** Downloads of a command: begun, shown, and followed to their end. */
import { constants, openAsBlob } from "node:fs";
import { access, mkdir, stat, statfs } from "node:fs/promises";
import { join, relative } from "node:path";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import type { DownloadView, TransferFailure, TransferState } from "@swapmeet/engine/io/view";
import { fileIdOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import { libraryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import { portableFileName, safeFileName } from "@swapmeet/engine/names/name";
import { hashFile } from "../../../src/platform/bytes/hash-file.ts";
import { codeOf } from "../../../node/disk.ts";
import { folderBelow } from "../../../node/downloads.ts";
import { EXIT, Failure } from "../base/failure.ts";
import { formatBytes } from "../voice/format.ts";
import type { Visit } from "./visit.ts";

/** Makes the folder where needed. Rejects with a Failure when nothing can be written there. */
export const prepareFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new Failure(
      `Nothing can be written to ${folder}: ${causeOf(error)}. Choose another folder with --to DIR.`,
      EXIT.disk,
    );
  }
};

const causeOf = (error: unknown): string => {
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EROFS":
      return "it is read-only";
    case "ENOSPC":
      return "the disk is full";
    case "EEXIST":
    case "ENOTDIR":
      return "it is not a folder";
    default:
      return error instanceof Error ? error.message : String(error);
  }
};

export class Fetching {
  readonly #visit: Visit;
  readonly #folder: string;
  /** The downloads that have not ended, by the key of their entry. */
  readonly #running = new Map<string, LibraryEntry>();

  readonly #failed: (name: string, failure: Failure) => void;

  /**
   * @param folder all downloads lie below it
   * @param failed is told of downloads that have failed; it may throw
   */
  constructor(visit: Visit, folder: string, failed: (name: string, failure: Failure) => void) {
    this.#visit = visit;
    this.#folder = folder;
    this.#failed = failed;
  }

  /** Begins to download, unless the same file is there already. `folder`: below that of all downloads. */
  async begin(entry: LibraryEntry): Promise<void> {
    const { file, name, folder } = entry;
    const { peer, voice } = this.#visit;
    const path = join(folderBelow(this.#folder, folder), portableFileName(safeFileName(name)));
    if (await isThere(file, path)) return voice.say({ event: "saved", name, path, bytes: lengthOf(file) });
    peer.files.expect(file, name, folder);
    const isStored = await peer.files.holdings.stored.holds(file);
    if (!isStored) await this.#mustFit(lengthOf(file), name);
    this.#running.set(libraryKey(entry), entry);
    peer.feed({ type: "download", file, name, folder, stored: isStored });
  }

  /** Waits until all downloads have ended. Rejects with a Failure when one fails or nothing comes any more. */
  async ended(): Promise<void> {
    const { peer, waitSeconds } = this.#visit;
    let stand = -1;
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#visit.when(() => {
        if (isLate) throw new Failure(this.#standstill());
        const views = this.look();
        if (this.#running.size === 0) return true;
        const bytes = views.reduce((sum, { verifiedBytes }) => sum + verifiedBytes, 0);
        const isInHand = views.some(({ state }) => isAtWork(state));
        if ((bytes === stand && !isInHand) || waitSeconds === 0) return undefined;
        stand = bytes;
        clearTimeout(timer);
        timer = setTimeout(() => {
          isLate = true;
          peer.feed({ type: "tick" }); // so that it is looked at
        }, waitSeconds * 1000);
        return undefined;
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Shows the downloads, and tells of those that are saved, and of those that have failed. */
  look(): readonly DownloadView[] {
    const { peer, voice } = this.#visit;
    const views = peer.engine.downloads().filter((view) => this.#running.has(libraryKey(view)));
    for (const view of views) {
      const { name, folder, state, length } = view;
      const problem = problemOf(state);
      if (problem) {
        this.#running.delete(libraryKey(view));
        this.#failed(name, new Failure(`${name}: ${problem.words}`, problem.exitCode));
        continue;
      }
      const path = state.type === "complete" ? peer.files.savedPathOf(name, folder) : undefined;
      if (path === undefined) continue;
      this.#running.delete(libraryKey(view));
      voice.say({ event: "saved", name, path: relative(".", path) || path, bytes: length });
    }
    const running = views.filter((view) => this.#running.has(libraryKey(view)));
    voice.progress(
      running.map(({ name, verifiedBytes, length, bytesPerSecond, secondsLeft }) => ({
        ...{ name, bytes: verifiedBytes, of: length, bytesPerSecond, secondsLeft },
      })),
    );
    return running;
  }

  /** For a command that ends with the first failure. */
  static readonly endsWith = (_name: string, failure: Failure): never => {
    throw failure;
  };

  #standstill(): string {
    const [{ name }] = [...this.#running.values()] as [LibraryEntry];
    const more = this.#running.size > 1 ? ` and ${this.#running.size - 1} more` : "";
    return `${name}${more}: nothing came for ${this.#visit.waitSeconds} s. What is here stays in ${name}.part: run the same command again when somebody offers it.`;
  }

  async #mustFit(bytes: number, name: string): Promise<void> {
    if (bytes < LARGE_BYTES) return;
    const disk = await statfs(this.#folder).catch(() => null);
    const free = disk && disk.bavail * disk.bsize;
    if (free === null || free >= bytes) return;
    throw new Failure(
      `${name} needs ${formatBytes(bytes)}, and the disk has ${formatBytes(free)} free. Make room, or choose another folder with --to DIR.`,
      EXIT.disk,
    );
  }
}

/** Nothing comes, and all the same it goes on: a source has a place for it, or this disk is busy. */
const isAtWork = (state: TransferState): boolean =>
  state.type === "verifying" ||
  state.type === "saving" ||
  (state.type === "queued" && state.position !== null);

/** A smaller file that does not fit fails soon. Guess. */
const LARGE_BYTES = 16 * 1024 * 1024;

/** The same bytes lie there already. */
const isThere = async (file: FileId, path: string): Promise<boolean> => {
  const size = await stat(path).then(
    (stats) => (stats.isFile() ? stats.size : null),
    () => null,
  );
  if (size !== lengthOf(file)) return false;
  const hashed = await hashFile(await openAsBlob(path), () => {}, new AbortController().signal);
  return hashed.ok && fileIdOf(hashed.value.root, hashed.value.length) === file;
};

interface Ending {
  readonly words: string;
  readonly exitCode: Failure["exitCode"];
}

const problemOf = (state: TransferState): Ending | null => {
  if (state.type === "failed") return failureWords(state.reason);
  return state.type === "paused" && state.because !== "person" ? storeWords(state.because) : null;
};

const failureWords = (failure: TransferFailure): Ending => {
  switch (failure.type) {
    case "source-unreadable":
      return {
        words:
          failure.reason === "changed"
            ? "its owner has changed the file since. Ask for the new one."
            : "its owner can't read the file any more.",
        exitCode: EXIT.failed,
      };
    case "stopped":
      return { words: "its owner has stopped sending it.", exitCode: EXIT.failed };
    case "save":
      return storeWords(failure.problem);
  }
};

const storeWords = (problem: StoreProblem): Ending => {
  switch (problem.kind) {
    case "full":
      return {
        words:
          "the disk is full. All that is here stays in the .part file: make room, and run the same command again.",
        exitCode: EXIT.disk,
      };
    case "in-use":
      return { words: "another process downloads it to this folder.", exitCode: EXIT.failed };
    case "source-unreadable":
      return { words: "it can't be read any more.", exitCode: EXIT.failed };
    case "broken":
      return {
        words:
          problem.defect.type === "error"
            ? `it can't be written: ${problem.defect.text}`
            : `it can't be written (${problem.defect.type}).`,
        exitCode: EXIT.disk,
      };
  }
};
