/** Writes finished downloads to a folder of the disk. */
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
import { asBrowserError } from "./disk-shelves.ts";

/** How many names are tried: the name itself, then with " (2)" and so on. Guess. */
const MAX_NAMES_TRIED = 1000;

/**
 * Streams to `folder`/`name` below `root`, or to "name (2)" where that is taken. Half a file is never left.
 * @returns the path
 */
export const writeDownload = async (
  root: string,
  content: Blob,
  name: string,
  folder: string,
): Promise<Result<string, StoreProblem>> => {
  try {
    const into = join(root, ...safeFolder(folder).split("/").filter(Boolean).map(portableFileName));
    await mkdir(into, { recursive: true });
    const path = await freePath(into, portableFileName(safeFileName(name)));
    if (path === null) return fail({ kind: "broken", defect: { type: "no-free-name" } });
    try {
      await pipeline(Readable.fromWeb(content.stream() as ReadableStream), createWriteStream(path));
      if ((await stat(path)).size !== content.size)
        throw new DOMException("not all bytes were written", "QuotaExceededError");
      return ok(path);
    } catch (error) {
      await rm(path, { force: true }).catch(() => {}); // it may fail for the same reason, which is told
      throw error;
    }
  } catch (failure) {
    const error = asBrowserError(failure);
    if (!(error instanceof DOMException)) throw error;
    if (isFull(error)) return fail({ kind: "full", missingBytes: null });
    return fail(brokenBy(error));
  }
};

/** An empty file under a name that was free; null when none of them was. */
const freePath = async (folder: string, name: string): Promise<string | null> => {
  for (let copy = 1; copy <= MAX_NAMES_TRIED; copy++) {
    const path = join(folder, copy === 1 ? name : numbered(name, copy));
    try {
      await (await open(path, "wx")).close();
      return path;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    }
  }
  return null;
};
