/**
 * Downloads that go on by themselves: at the next visit of their room, and when this device's storage, which had
 * stopped them, has room again or is let go by another tab.
 */
import type { RoomTag } from "@swapmeet/shared";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { Input, LocalFile } from "@swapmeet/engine/io/io";
import { entryKey, type FileEntry } from "@swapmeet/engine/names/library-entry";
import type { DownloadView } from "@swapmeet/engine/io/view";
import type { StoredFiles } from "../files/stored-files.ts";
import { entriesOf, Ledger, withEntries, type LedgerLine } from "../device/ledger.ts";
import { bytesMissing } from "../store/quota.ts";

export interface ResumingOptions {
  readonly stored: Pick<StoredFiles, "name" | "canOpen" | "holds" | "serveAgain" | "list" | "delete">;
  feed(input: Input): void;
  share(file: LocalFile): void;
  downloads(): readonly DownloadView[];
  /** Finished downloads are offered to the room. */
  sharesDownloads(): boolean;
}

/** After a reload, the page before may take so long to let go of its files. Guess. */
const LET_GO_WITHIN_MS = 3000;
const ASK_AGAIN_AFTER_MS = 100;
/** Finished downloads that are served again: each keeps files open. Guess. */
const MAX_SERVED_AGAIN = 200;
/** How often downloads that storage has stopped are looked at. Guess. */
const RETRY_EVERY_MS = 5000;
/** Where the browser does not tell its room, each try may fetch blocks that find no room. Guess. */
const RETRY_BLINDLY_EVERY_MS = 30_000;

export class Resuming {
  readonly #options: ResumingOptions;
  readonly #ledger = Ledger.open();
  readonly #lineByFile = new Map<FileId, LedgerLine>();
  readonly #timer: ReturnType<typeof setInterval>;
  #tag: RoomTag | null = null;
  #triedBlindlyAt = 0;

  constructor(options: ResumingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#retryDue(), RETRY_EVERY_MS);
    addEventListener("focus", this.retry);
    document.addEventListener("visibilitychange", this.#seen);
  }

  /** The room is known now: resumes the downloads of its earlier visits. Later calls do nothing. */
  async enter(tag: RoomTag): Promise<void> {
    if (this.#tag) return;
    this.#tag = tag;
    const ledger = await this.#ledger;
    for (const line of this.#lineByFile.values()) void ledger.write(tag, line);
    const left = (await ledger.linesOf(tag)).filter(({ file }) => !this.#lineByFile.has(file));
    const saved = await this.#stored(left.filter(({ state }) => state === "saved"));
    await Promise.all(left.filter(({ state }) => state !== "saved").map((line) => this.#goOn(line)));
    if (this.#options.sharesDownloads())
      for (const line of saved.slice(0, MAX_SERVED_AGAIN)) await this.#serve(line);
    await this.#tidy(ledger);
  }

  // -- changes of downloads ------------------------------------------------------------------------------------------

  /** Called also for one more name of a file that is being fetched, or is here already. */
  started(file: FileId, name: string, folder: string): void {
    const line = this.#lineByFile.get(file) ?? { file, name, folder, state: "fetching" };
    const known = entriesOf(line).filter((entry) => entryKey(entry) !== entryKey({ name, folder }));
    const state = line.state === "saved" ? "saved" : "fetching";
    this.#write({ ...withEntries(line, [...known, { name, folder }]), state });
  }

  /** The next visit does not go on with the file under that name, but does so under its other names. */
  without(file: FileId, gone: FileEntry): void {
    const line = this.#lineByFile.get(file);
    const left = line && entriesOf(line).filter((entry) => entryKey(entry) !== entryKey(gone));
    if (line && left && left.length > 0) this.#write(withEntries(line, left));
  }

  became(file: FileId, state: LedgerLine["state"]): void {
    const line = this.#lineByFile.get(file);
    if (line && line.state !== state) this.#write({ ...line, state });
  }

  /** Goes on with a download that was ended a moment ago. */
  takeUp(line: LedgerLine): void {
    this.#write(line);
  }

  knows(file: FileId): boolean {
    return this.#lineByFile.has(file);
  }

  lineOf(file: FileId): LedgerLine | null {
    return this.#lineByFile.get(file) ?? null;
  }

  /** This tab no longer goes on with the file. The ledger still has it, because another tab may hold it. */
  ended(file: FileId): void {
    this.#lineByFile.delete(file);
  }

  /** Nothing of it is stored; unless it was begun again here, the next visit does not go on with it. */
  erase(file: FileId): void {
    const tag = this.#tag;
    if (!tag || this.#lineByFile.has(file)) return;
    void this.#ledger.then((ledger) => ledger.erase(tag, file));
  }

  async forget(files: ReadonlySet<FileId>): Promise<void> {
    for (const file of files) this.#lineByFile.delete(file);
    await (await this.#ledger).eraseEverywhere(files);
  }

  // -- downloads that storage stopped --------------------------------------------------------------------------------

  /** Something may have changed: the person comes back, a store was closed or deleted. */
  readonly retry = (): void => {
    this.#triedBlindlyAt = performance.now();
    for (const download of stopped(this.#options.downloads())) void this.#try(download, true);
  };

  close(): void {
    clearInterval(this.#timer);
    removeEventListener("focus", this.retry);
    document.removeEventListener("visibilitychange", this.#seen);
  }

  readonly #seen = (): void => {
    if (document.visibilityState === "visible") this.retry();
  };

  #retryDue(): void {
    const blindly = performance.now() - this.#triedBlindlyAt >= RETRY_BLINDLY_EVERY_MS;
    if (blindly) this.retry();
    else for (const download of stopped(this.#options.downloads())) void this.#try(download, false);
  }

  async #try({ file, length, verifiedBytes, state }: Stopped, blindly: boolean): Promise<void> {
    if (state.because.kind === "in-use" && !(await this.#options.stored.canOpen(file))) return;
    if (state.because.kind === "full") {
      // Some browsers promise room that they do not give. Such a browser named no missing bytes when it was full.
      const tells = state.because.missingBytes !== null;
      if (tells ? (await bytesMissing(length - verifiedBytes)) !== 0 : !blindly) return;
    }
    this.#options.feed({ type: "resume", file });
  }

  // -- downloads of earlier visits -----------------------------------------------------------------------------------

  async #goOn(line: LedgerLine): Promise<void> {
    const { file } = line;
    if (!(await this.#comesBack(line))) return;
    for (const entry of entriesOf(line))
      this.#options.feed({ type: "download", file, ...entry, stored: true });
    if (line.state === "paused") this.#options.feed({ type: "pause", file });
  }

  /** Gives the lines whose files are stored here. The others are not forgotten: storage that failed may hold them. */
  async #stored(lines: readonly LedgerLine[]): Promise<readonly LedgerLine[]> {
    const held = await Promise.all(lines.map(({ file }) => this.#options.stored.holds(file)));
    return lines.filter((_, i) => held[i]);
  }

  async #serve(line: LedgerLine): Promise<void> {
    if (!(await this.#comesBack(line))) return;
    const served = await this.#options.stored.serveAgain(line.file);
    if (!served.ok) return;
    const local = served.value;
    if (local) for (const entry of entriesOf(line)) this.#options.share({ ...local, ...entry });
    else {
      this.ended(line.file);
      this.erase(line.file);
    }
  }

  /** Takes the line up, unless another tab goes on with the file. */
  async #comesBack(line: LedgerLine): Promise<boolean> {
    const { stored } = this.#options;
    stored.name(line.file, line.name, line.folder);
    for (let asks = LET_GO_WITHIN_MS / ASK_AGAIN_AFTER_MS; !(await stored.canOpen(line.file)); asks--) {
      if (asks <= 0) return false;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_AFTER_MS));
    }
    if (this.#lineByFile.has(line.file)) return false; // the person was faster
    this.#lineByFile.set(line.file, line);
    return true;
  }

  /** Deletes files that no room knows of, such as those that were cleared while the browser still copied them. */
  async #tidy(ledger: Ledger): Promise<void> {
    const listed = await this.#options.stored.list();
    const known = await ledger.files();
    if (!listed.ok || !known) return;
    for (const { file } of listed.value) if (!known.has(file)) await this.#options.stored.delete(file);
  }

  #write(line: LedgerLine): void {
    this.#lineByFile.set(line.file, line);
    const tag = this.#tag;
    if (tag) void this.#ledger.then((ledger) => ledger.write(tag, line));
  }
}

type Stopped = DownloadView & {
  readonly state: { readonly type: "paused"; readonly because: Exclude<PausedBecause, "person"> };
};
type PausedBecause = Extract<DownloadView["state"], { type: "paused" }>["because"];

const stopped = (downloads: readonly DownloadView[]): Stopped[] =>
  downloads.filter(
    (download): download is Stopped =>
      download.state.type === "paused" && download.state.because !== "person",
  );
