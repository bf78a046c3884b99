/**
 * A finished file goes to the person: into the folder they chose, or as a browser download. It is a Blob on disk, and
 * the browser copies it; the page never holds it. The blob must stay readable for a while after a download begins:
 * nobody tells the page when the browser is through with it.
 */
import { ok, type Result } from "@swapmeet/shared";
import type { StoreProblem } from "../engine/io.ts";
import type { Folder } from "./folder.ts";

/** The browser resolves the URL within seconds, unless it asks the person first where to save. Guess. */
const URL_LIVES_MS = 5 * 60_000;
/** Chromium takes ten downloads a second from a page and silently drops the rest. Measured: 50 of 50 arrive at this. */
const BETWEEN_DOWNLOADS_MS = 150;

export class Saving {
  #lastDownload: Promise<unknown> = Promise.resolve();

  /** `path` and `name` are sanitized; only a chosen folder recreates the path. */
  async save(
    content: Blob,
    path: string,
    name: string,
    folder: Folder | null,
  ): Promise<Result<void, StoreProblem>> {
    if (folder && (await folder.isWritable(false))) return folder.write(content, path, name);
    const mine = this.#lastDownload;
    this.#lastDownload = mine.then(() => pause(BETWEEN_DOWNLOADS_MS));
    await mine;
    download(content, name);
    return ok(undefined);
  }
}

const download = (content: Blob, name: string): void => {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), URL_LIVES_MS);
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
