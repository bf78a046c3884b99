/**
 * A folder that a person has chosen for downloads, by the File System Access API. The handle outlives the page in
 * IndexedDB; the permission may have to be given again, in a gesture.
 */
import { openDB, type DBSchema } from "idb";
import { utf8ToBytes } from "@swapmeet/engine/base/bytes";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { MAX_NAME_BYTES, portableFileName } from "@swapmeet/engine/names/name";
import type { Bytes } from "../bytes/leaf-hashes.ts";
import { unlessStill } from "../web/silence.ts";
import { within } from "../web/time-limit.ts";

/** Tries at a free name, " (2)" and on. Guess. */
const MAX_NAMES_TRIED = 1000;

/** Whether the page may still write there. Without an answer it may not. Guess. */
const TOLD_WITHIN_MS = 5_000;

/** Disks wake in seconds; a large file may be looked at by a scanner before it is closed. Guess. */
const STILL_FOR_MS = 2 * 60_000;

/** Chromium only, and not among the types. https://wicg.github.io/file-system-access/ */
type Permission = { readonly mode: "readwrite" };
type FolderHandle = FileSystemDirectoryHandle & {
  queryPermission?(permission: Permission): Promise<PermissionState>;
};
declare global {
  interface Window {
    showDirectoryPicker?(options: Permission & { readonly id: string }): Promise<FolderHandle>;
  }
}

interface Schema extends DBSchema {
  handles: { key: "folder"; value: FolderHandle };
}

const WRITE: Permission = { mode: "readwrite" };

export const canChooseFolder = (): boolean => window.showDirectoryPicker !== undefined;

/** Asks the person, in a gesture. Null: they did not choose one. */
export const chooseFolder = async (): Promise<Folder | null> => {
  try {
    const handle = await window.showDirectoryPicker!({ ...WRITE, id: "swapmeet" });
    await remember(handle).catch(() => {}); // full, or forbidden: it is chosen for this visit
    return new Folder(handle);
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
};

/** The folder of an earlier life. */
export const rememberedFolder = async (): Promise<Folder | null> => {
  const handle = canChooseFolder() ? await (await database()).get("handles", "folder") : undefined;
  return handle ? new Folder(handle) : null;
};

export const forgetFolder = async (): Promise<void> => (await database()).delete("handles", "folder");

const remember = async (handle: FolderHandle): Promise<void> => {
  await (await database()).put("handles", handle, "folder");
};

const database = () =>
  openDB<Schema>("swapmeet-folder", 1, { upgrade: (fresh) => void fresh.createObjectStore("handles") });

export class Folder {
  readonly #root: FolderHandle;
  /** Names are found one at a time, or two files could find the same one free. */
  #naming: Promise<unknown> = Promise.resolve();

  /** Grows with all work in this folder, where thousands of files may be written at once. */
  #progress = 0;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  get name(): string {
    return this.#root.name;
  }

  /** The permission may have ended with the page that got it. */
  async isWritable(): Promise<boolean> {
    try {
      const asked = this.#root.queryPermission?.(WRITE) ?? null;
      return (await within(TOLD_WITHIN_MS, Promise.resolve(asked))) === "granted";
    } catch {
      return false;
    }
  }

  /**
   * Streams to `path`/`name`, both sanitized, or to "name (2)" where that is taken. Half a file is never left. A name
   * that the device refuses is made portable. Chromium refuses names that its own downloads allow, like `site.url`:
   * then nothing is written. [N1a]
   */
  async write(content: Blob, path: string, name: string): Promise<StoreProblem | "name-refused" | null> {
    const writing = this.#write(content, path, name).then((problem) => ({ problem }));
    const written = await unlessStill(STILL_FOR_MS, writing, () => this.#progress);
    return written ? written.problem : { kind: "broken", defect: { type: "folder-silent" } };
  }

  async #write(content: Blob, path: string, name: string): Promise<StoreProblem | "name-refused" | null> {
    try {
      let folder: FileSystemDirectoryHandle = this.#root;
      for (const part of path.split("/"))
        if (part !== "")
          folder = await asTaken(part, (part) => folder.getDirectoryHandle(part, { create: true }));
      const file = await this.#inTurn(() => asTaken(name, (name) => newFile(folder, name)));
      if (!file) return { kind: "broken", defect: { type: "no-free-name" } };
      try {
        await content
          .stream()
          .pipeThrough(this.#watched())
          .pipeTo(await file.createWritable());
        await mustHold(file, content.size);
      } catch (error) {
        await folder.removeEntry(file.name).catch(() => {}); // it may fail for the same reason, which is told
        throw error;
      }
      this.#progress++;
      return null;
    } catch (error) {
      if (error instanceof TypeError) return "name-refused"; // https://fs.spec.whatwg.org/#valid-file-name
      if (!(error instanceof DOMException)) throw error;
      if (error.name === "QuotaExceededError") return { kind: "full", missingBytes: null };
      return { kind: "broken", defect: { type: "error", text: String(error) } };
    }
  }

  #watched(): TransformStream<Bytes, Bytes> {
    return new TransformStream({
      transform: (chunk, passed) => {
        this.#progress++;
        passed.enqueue(chunk);
      },
    });
  }

  async #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = this.#naming.then(act);
    this.#naming = turn.then(
      () => this.#progress++,
      () => {},
    );
    return turn;
  }
}

/** Calls `act` with this name, or, where the device refuses it, with a portable one. */
const asTaken = async <Value>(name: string, act: (name: string) => Promise<Value>): Promise<Value> => {
  try {
    return await act(name);
  } catch (error) {
    const portable = portableFileName(name);
    if (!(error instanceof TypeError) || portable === name) throw error;
    return act(portable);
  }
};

/** Checks the length, because a full disk may report no error. */
const mustHold = async (file: FileSystemFileHandle, size: number): Promise<void> => {
  if ((await file.getFile()).size !== size)
    throw new DOMException("not all bytes were written", "QuotaExceededError");
};

/** An empty file under a name that was free; null when none of them was. */
const newFile = async (
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemFileHandle | null> => {
  for (let copy = 1; copy <= MAX_NAMES_TRIED; copy++) {
    const candidate = copy === 1 ? name : numbered(name, copy);
    if (await isFree(folder, candidate)) return folder.getFileHandle(candidate, { create: true });
  }
  return null;
};

const isFree = async (folder: FileSystemDirectoryHandle, name: string): Promise<boolean> => {
  try {
    await folder.getFileHandle(name);
    return false;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "TypeMismatchError") return false; // a folder of that name
    if (error.name === "NotFoundError") return true;
    throw error;
  }
};

/** "song.mp3" -> "song (2).mp3", within 255 bytes. */
export const numbered = (name: string, copy: number): string => {
  const extension = /(?<=.)\.[^.]*$/.exec(name)?.[0] ?? "";
  const end = ` (${copy})${extension}`;
  let stem = Array.from(name.slice(0, name.length - extension.length));
  while (utf8ToBytes(stem.join("") + end).length > MAX_NAME_BYTES) stem = stem.slice(0, -1);
  return stem.join("") + end;
};
