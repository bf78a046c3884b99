/** Gives finished downloads their own names. */
import { createWriteStream } from "node:fs";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { fail, ok, type Result } from "@swapmeet/shared";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { portableFileName, safeFileName, safeFolder } from "@swapmeet/engine/names/name";
import { numbered } from "../src/platform/saving/folder.ts";
import { isFull } from "../src/platform/store/quota.ts";
import { brokenBy } from "../src/platform/workers/broken-by.ts";
import { asBrowserError, codeOf } from "./disk.ts";

/** How many names are tried: the name itself, then with " (2)" and so on. Guess. */
const MAX_NAMES_TRIED = 1000;

/** The folder on the disk below `root` for a folder of the room: always within `root`. [N2] */
export const folderBelow = (root: string, folder: string): string =>
  join(root, ...safeFolder(folder).split("/").filter(Boolean).map(portableFileName));

/**
 * Puts the content at `folder`/`name` below `root`, or at "name (2)" where that is taken. Half a file is never left.
 * @param settle moves the content there; false: the name is taken; null: it has to be copied
 * @returns the path
 */
export const saveDownload = async (
  root: string,
  content: Blob,
  { name, folder }: { readonly name: string; readonly folder: string },
  settle: (path: string) => Promise<boolean | null>,
): Promise<Result<string, StoreProblem>> => {
  try {
    const into = folderBelow(root, folder);
    const own = portableFileName(safeFileName(name));
    await mkdir(into, { recursive: true });
    for (let copy = 1; copy <= MAX_NAMES_TRIED; copy++) {
      const path = join(into, copy === 1 ? own : numbered(own, copy));
      if ((await settle(path)) ?? (await isCopied(content, path))) return ok(path);
    }
    return fail({ kind: "broken", defect: { type: "no-free-name" } });
  } catch (failure) {
    const error = asBrowserError(failure);
    if (!(error instanceof DOMException)) throw error;
    if (isFull(error)) return fail({ kind: "full", missingBytes: null });
    return fail(brokenBy(error));
  }
};

/** False: the name is taken. */
const isCopied = async (content: Blob, path: string): Promise<boolean> => {
  try {
    await (await open(path, "wx")).close();
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  try {
    await pipeline(Readable.fromWeb(content.stream() as ReadableStream), createWriteStream(path));
    if ((await stat(path)).size !== content.size)
      throw new DOMException("not all bytes were written", "QuotaExceededError");
    return true;
  } catch (error) {
    await rm(path, { force: true }).catch(() => {}); // it may fail for the same reason, which is told
    throw error;
  }
};
