/** Small things of the file system. Its failures become the DOMExceptions that the store desk knows from browsers. */
import { randomUUID } from "node:crypto";
import { open, readdir, readFile, rm, writeFile, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Bytes } from "../src/platform/bytes/leaf-hashes.ts";

export const withFile = async <Value>(
  path: string,
  flags: string,
  act: (file: FileHandle) => Promise<Value>,
): Promise<Value> => {
  const file = await open(path, flags);
  try {
    return await act(file);
  } finally {
    await file.close();
  }
};

/** The file system may take less than it is given. */
export const writeAt = async (file: FileHandle, position: number, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
};

/** Reads `length` bytes, or fewer where the file ends. */
export const readAt = async (file: FileHandle, position: number, length: number): Promise<Bytes> => {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
};

/** The whole file; empty where there is none. */
export const readWhole = async (path: string): Promise<Bytes> => {
  try {
    return new Uint8Array(await readFile(path));
  } catch {
    return new Uint8Array();
  }
};

/**
 * Holds a file alone, among all processes. Two that try at once may both fail, but never both succeed: each makes a
 * file of its own beside it first, and then looks for those of others. A file of a process that has ended does not count.
 * @returns a function that releases the file; null: another holds it
 */
export const hold = async (path: string): Promise<(() => Promise<void>) | null> => {
  const folder = dirname(path);
  const prefix = `${basename(path)}.held-`;
  const mine = `${prefix}${process.pid}-${randomUUID()}`;
  const release = () => rm(join(folder, mine), { force: true });
  await writeFile(join(folder, mine), "");
  const entries = await readdir(folder).catch((): string[] => []);
  let isMine = entries.includes(mine); // or the folder was removed meanwhile
  for (const entry of entries) {
    if (!entry.startsWith(prefix) || entry === mine) continue;
    if (isRunning(Number.parseInt(entry.slice(prefix.length), 10))) isMine = false;
    else await rm(join(folder, entry), { force: true });
  }
  if (isMine) return release;
  await release();
  return null;
};

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM"; // somebody else's
  }
};

/** Gives a failure of the file system the name that a browser would give it. */
export const named = async <Value>(act: () => Promise<Value>): Promise<Value> => {
  try {
    return await act();
  } catch (error) {
    throw asBrowserError(error);
  }
};

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Errors that do not come from the file system stay as they are. */
export const asBrowserError = (error: unknown): unknown => {
  const code = codeOf(error);
  if (!(error instanceof Error) || code === null) return error;
  return new DOMException(error.message, FULL.has(code) ? "QuotaExceededError" : "NotReadableError");
};

/** The code of an error of the operating system, such as `ENOENT`; null for other errors. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && "code" in error && "syscall" in error ? String(error.code) : null;
