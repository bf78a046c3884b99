/**
 * A finished file goes to the person: into the folder they chose, or as a browser download. It is a Blob on disk, and
 * the browser copies it; the page never holds it. The blob must stay readable for a while after a download begins:
 * nobody tells the page when the browser is through with it.
 */
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { canChooseFolder, chooseFolder, forgetFolder, rememberedFolder, type Folder } from "./folder.ts";
import { within } from "../web/time-limit.ts";

/** The browser resolves the URL within seconds, unless it asks the person first where to save. Guess. */
const URL_LIVES_MS = 5 * 60_000;
/** Without an answer in this time no folder is remembered. Guess. */
const REMEMBERED_WITHIN_MS = 10_000;
/**
 * Chromium takes ten downloads a second from a page and silently drops the rest (Blink, LocalFrame's
 * ShouldThrottleDownload): with this no second has more. Safari drops those that come without a pause. A chosen folder
 * needs none.
 */
const BETWEEN_DOWNLOADS_MS = 105;

export class Saving {
  readonly canChooseFolder = canChooseFolder();
  #folder: Folder | null = null;
  readonly #remembered: Promise<void>;
  #lastDownload: Promise<void> = Promise.resolve();

  constructor() {
    this.#remembered = within(REMEMBERED_WITHIN_MS, rememberedFolder()).then(
      (folder) => void (this.#folder ??= folder),
      () => {}, // this browser forbids storage, or has lost it
    );
  }

  /** Null: the browser's downloads. */
  get folderName(): string | null {
    return this.#folder?.name ?? null;
  }

  /** Call it from a gesture. */
  async chooseFolder(): Promise<void> {
    this.#folder = (await chooseFolder()) ?? this.#folder;
  }

  forgetFolder(): void {
    this.#folder = null;
    void forgetFolder().catch(() => {}); // it could not be remembered either
  }

  /**
   * Only a chosen folder recreates the path. Without permission to write there (it may end with the page, and only a
   * gesture can ask), or under a name that the folder refuses, the file becomes a browser download, and the browser
   * adapts the name to the device. [N1b]
   */
  async save(content: Blob, name: string, path = ""): Promise<StoreProblem | null> {
    await this.#remembered;
    const folder = this.#folder;
    if (folder && (await folder.isWritable())) {
      const problem = await folder.write(content, path, name);
      if (problem !== "name-refused") return problem;
    }
    const mine = this.#lastDownload;
    this.#lastDownload = mine.then(() => pause(BETWEEN_DOWNLOADS_MS));
    await mine;
    download(content, name);
    return null;
  }
}

const download = (content: Blob, name: string): void => {
  const url = URL.createObjectURL(content.slice(0, content.size, BYTES));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), URL_LIVES_MS);
};

/** A blob without a type is sniffed, and Chromium then ends LICENSE in ".txt". This type leaves a name as it is. */
const BYTES = "application/octet-stream";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
